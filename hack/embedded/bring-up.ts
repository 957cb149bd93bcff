import { fingerprintOf, type ProcessHome, type ProgramToRun, start, stateOf, stop } from './detached.ts';

/**
 * Brings one process to what is wanted.
 *
 * U1  One that runs what is wanted is left alone.
 * U2  A dead or absent one is started.
 * U3  One whose program, configuration or arguments changed is stopped in order and started anew. Machines keep running
 *     meanwhile: they hang on their supervisors and not on the launcher.
 */
export type BroughtUp = 'started' | 'restarted' | 'upgraded' | 'already running';

export interface Supervised {
  readonly name: string;
  readonly program: ProgramToRun;
  /** How long an orderly end may take, in milliseconds. */
  readonly graceMs: number;
}

export async function bringUp(service: Supervised, home: ProcessHome): Promise<BroughtUp> {
  const state = await stateOf(home, service.name);
  switch (state.kind) {
    case 'running':
      if (state.record.fingerprint === (await fingerprintOf(service.program))) return 'already running';
      await stop(home, service.name, service.graceMs);
      await start(home, service.program);
      return 'upgraded';
    case 'dead':
      await start(home, service.program);
      return 'restarted';
    case 'absent':
      await start(home, service.program);
      return 'started';
  }
}
