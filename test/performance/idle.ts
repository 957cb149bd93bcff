import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { embedded } from '../harness/embedded.ts';

/** What the control plane costs while nothing happens and no machine is there. */
export interface IdleReport {
  readonly seconds: number;
  readonly processes: readonly ProcessCost[];
  /** Share of one core of all processes together, in per cent. */
  readonly cpuPercent: number;
  readonly apiserverMebibytes: number;
  readonly kept: boolean;
}

export interface ProcessCost {
  readonly name: string;
  readonly cpuPercent: number;
  readonly residentMebibytes: number;
}

const PROMISED_CPU_PERCENT = 2;
const PROMISED_APISERVER_MEBIBYTES = 120;

export async function measureIdle(settleSeconds: number, seconds: number): Promise<IdleReport> {
  await sleep(settleSeconds * 1000);
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const processes = running();
  const before = processes.map(({ pid }) => cpuTicks(pid));
  await sleep(seconds * 1000);
  const costs = processes.map(({ name, pid }, index) => ({
    name,
    cpuPercent: ((cpuTicks(pid) - (before[index] as number)) / ticks / seconds) * 100,
    residentMebibytes: resident(pid),
  }));
  const cpuPercent = costs.reduce((sum, cost) => sum + cost.cpuPercent, 0);
  const apiserverMebibytes = costs.find(({ name }) => name === 'apiserver')?.residentMebibytes ?? Number.NaN;
  return {
    seconds,
    processes: costs,
    cpuPercent,
    apiserverMebibytes,
    kept: cpuPercent < PROMISED_CPU_PERCENT && apiserverMebibytes < PROMISED_APISERVER_MEBIBYTES,
  };
}

/** The processes of hack/up, by the records it keeps. */
function running(): { name: string; pid: number }[] {
  const directory = join(embedded.home, 'run');
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json') && !file.startsWith('images'))
    .map((file) => {
      const record = JSON.parse(readFileSync(join(directory, file), 'utf8')) as { identity?: { pid?: number } };
      const pid = record.identity?.pid;
      if (pid === undefined) throw new Error(`${join(directory, file)} names no process`);
      return { name: file.replace(/\.json$/, ''), pid };
    });
}

/** User and system time, in clock ticks (proc(5), fields 14 and 15 of stat). */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function resident(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}
