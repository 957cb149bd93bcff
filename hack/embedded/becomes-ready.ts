import { sleep } from '../../base/backoff.ts';
import { logTail, type ProcessHome, stateOf } from './detached.ts';

export interface Awaited {
  /** Of its record and log. */
  readonly name: string;
  /** For people. */
  readonly title: string;
}

/**
 * Waits until a process that was started is ready: until `missing` returns undefined; what it returns or throws else is
 * what is still missing. Rejects as soon as the process ends, or after `ms` with what was missing, both times with the
 * end of its log, which has the reason.
 */
export async function becomesReady(
  process: Awaited,
  home: ProcessHome,
  missing: () => Promise<string | undefined>,
  ms: number,
): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    let reason: string | undefined;
    try {
      reason = await missing();
    } catch (error) {
      reason = (error as Error).message;
    }
    if (reason === undefined) return;
    const { kind } = await stateOf(home, process.name);
    if (kind !== 'running') throw new Error(await report(process, home, 'ended instead of becoming ready'));
    if (performance.now() > deadline) {
      throw new Error(await report(process, home, `is not ready after ${Math.round(ms / 1000)} s: ${reason}`));
    }
    await sleep(50);
  }
}

async function report({ name, title }: Awaited, home: ProcessHome, what: string): Promise<string> {
  const tail = await logTail(home, name, 15);
  return `the ${title} ${what}.\nThe end of ${home.log}/${name}.log:\n${tail || '(empty)'}`;
}
