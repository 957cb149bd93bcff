import type { ApiReport, Comparison } from './api/api.ts';
import type { IdleReport } from './idle.ts';
import type { StartReport } from './start.ts';

interface Measured {
  readonly measuredAt: string;
  readonly processor?: string;
  readonly cores: number;
}

/** What docs/performance/ holds, by file; a measurement that was never made is absent. */
export interface Reports {
  readonly api?: ApiReport & Measured;
  readonly start?: StartReport & Measured;
  readonly idle?: IdleReport & Measured;
}

/** docs/performance.md: medians and ratios of the last runs, each with the command that makes them. */
export function page({ api, start, idle }: Reports): string {
  const lines = [
    '# Performance',
    '',
    'Medians of the last runs of `hack/bench`, which writes this page and keeps the raw samples beside it in',
    '`docs/performance/`. What is promised stands in [SPECIFICATION.md](../SPECIFICATION.md). The computers that this is',
    'measured on are noisy: the ratios count, the figures only say where they come from.',
  ];
  if (api !== undefined) lines.push('', ...apiSection(api));
  if (start !== undefined) lines.push('', ...startSection(start));
  if (idle !== undefined) lines.push('', ...idleSection(idle));
  return `${lines.join('\n')}\n`;
}

const where = ({ measuredAt, cores, processor }: Measured): string =>
  `${measuredAt.slice(0, 10)}, ${cores} cores${processor === undefined ? '' : ` (${processor})`}`;

function apiSection(report: ApiReport & Measured): string[] {
  return [
    '## The API against a custom resource',
    '',
    `\`hack/bench --only api\`, ${where(report)}, ${report.clients} clients. The peer is a custom resource with the same`,
    'object on the kube-apiserver of the same run, which takes any object without validating or defaulting it; ours does',
    'both. Each has an etcd of its own with the same flags. Series are interleaved A-B-C-C-B-A.',
    '',
    '| what | way | median | peer | ratio | promised | kept |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...report.comparisons.map(row),
  ];
}

function row({ what, system, unit, median, peerMedian, ratio, promised, kept }: Comparison): string {
  const limit = promised === undefined ? '' : 'atLeast' in promised ? `≥ ${promised.atLeast}` : `≤ ${promised.atMost}`;
  const figures = `${median.toFixed(1)} ${unit} | ${peerMedian.toFixed(1)} ${unit} | ${ratio.toFixed(2)}`;
  return `| ${what} | ${system} | ${figures} | ${limit} | ${promised === undefined ? '' : kept ? 'yes' : 'no'} |`;
}

function startSection(report: StartReport & Measured): string[] {
  const { torporMedian, bareMedian, promised, torpor, kept } = report;
  return [
    '## Starting a machine',
    '',
    `\`hack/bench --only start\`, ${where(report)}: create to Running takes ${torporMedian.toFixed(1)} ms, the same QEMU by hand`,
    `${bareMedian.toFixed(1)} ms (${torpor.length} interleaved pairs). Promised are ${promised.toFixed(1)} ms: ${kept ? 'kept' : 'not kept'}.`,
  ];
}

function idleSection(report: IdleReport & Measured): string[] {
  const { cpuPercent, apiserverMebibytes, kept } = report;
  return [
    '## The idle system',
    '',
    `\`hack/bench --only idle\`, ${where(report)}: all processes together use ${cpuPercent.toFixed(2)} % of a core, the API server`,
    `holds ${apiserverMebibytes.toFixed(0)} MiB: ${kept ? 'kept' : 'not kept'}.`,
  ];
}
