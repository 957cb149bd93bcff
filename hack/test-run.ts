import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runs one test file in a process of its own and reads the counts that node's test runner ends it with.
 *
 * R1  A file fails when a test fails, when its process ends with another status than 0, when it is killed for taking
 *     too long, or when it ran no test: silence is no success.
 * R2  After the time limit the file's whole process group is killed, and what it printed is kept.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;
export type Counts = Record<(typeof COUNTS)[number], number>;

export interface TestResult {
  readonly title: string;
  readonly passed: boolean;
}

export interface FileResult {
  readonly file: string;
  readonly passed: boolean;
  /** What failed besides single tests; '' when nothing did. */
  readonly trouble: string;
  readonly counts: Counts;
  readonly milliseconds: number;
  readonly output: string;
}

export function noCounts(): Counts {
  return { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
}

/** The runner's closing lines, `# pass 12`; undefined when they are not there. */
export function readCounts(output: string): Counts | undefined {
  const counts = noCounts();
  for (const name of COUNTS) {
    const matches = [...output.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))];
    const last = matches.at(-1)?.[1];
    if (last === undefined) return undefined;
    counts[name] = Number(last);
  }
  return counts;
}

/** Every test and suite of a TAP output that ended, without those that were skipped. */
export function testsOf(output: string): readonly TestResult[] {
  return [...output.matchAll(/^ *(not )?ok \d+ - (.*)$/gm)]
    .map(([, not, title = '']) => ({ title, passed: not === undefined }))
    .filter(({ title }) => !/ # SKIP\b/.test(title))
    .map(({ title, passed }) => ({ title: title.replace(/\\(.)/g, '$1'), passed }));
}

const OUTPUT_LIMIT = 4 * 1024 * 1024;

export interface RunPlace {
  /** The tree whose file is run; this one unless told otherwise. */
  readonly directory?: string;
  /** Kills the run. */
  readonly signal?: AbortSignal;
}

export function runFile(file: string, timeoutMs: number, { directory, signal }: RunPlace = {}): Promise<FileResult> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', '--import', './hack/plain-assertions.mjs', '--enable-source-maps'],
        ...['--test-reporter=tap', '--test-reporter-destination=stdout', file],
      ],
      {
        cwd: directory ?? root,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      },
    );
    let output = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        // The end says what happened, the beginning why; the middle of a flood says nothing.
        if (output.length > OUTPUT_LIMIT)
          output = `${output.slice(0, OUTPUT_LIMIT / 4)}\n[…]\n${output.slice(-OUTPUT_LIMIT / 2)}`;
      });
    }
    const kill = (): void => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });
    child.once('error', (error) => {
      output += error.message;
    });
    child.once('close', (status, endedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      const counts = readCounts(output);
      const trouble = troubleOf(counts, late ? timeoutMs : undefined, status, endedBy);
      const passed = trouble === '' && counts !== undefined && counts.fail === 0 && counts.cancelled === 0;
      resolve({
        file,
        passed,
        trouble,
        counts: counts ?? noCounts(),
        milliseconds: performance.now() - started,
        output,
      });
    });
  });
}

function troubleOf(
  counts: Counts | undefined,
  lateAfterMs: number | undefined,
  status: number | null,
  signal: NodeJS.Signals | null,
): string {
  if (lateAfterMs !== undefined) return `killed after ${Math.round(lateAfterMs / 1000)} s`;
  if (signal !== null) return `ended by ${signal}`;
  if (counts === undefined) return `ended with status ${status} and without a result`;
  if (counts.tests === 0) return 'ran no test';
  if (status !== 0 && counts.fail === 0 && counts.cancelled === 0)
    return `ended with status ${status} though no test failed`;
  return '';
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The failed tests of a TAP output with what they said, without the passed ones around them. */
export function failuresOf(output: string): string {
  const kept: string[] = [];
  let keeping = false;
  for (const line of output.split('\n')) {
    if (/^\s*not ok /.test(line)) keeping = true;
    else if (/^\s*(ok \d|# Subtest:|\d+\.\.\d+$)/.test(line)) keeping = false;
    if (keeping || !/^\s*(ok \d|not ok \d|# |\d+\.\.\d+$|---|\.\.\.|duration_ms:|type:|TAP version)/.test(line))
      kept.push(line);
  }
  return kept.join('\n').trim();
}
