import { setTimeout as sleep } from 'node:timers/promises';
import { assertNothingLeft, bringBack, traces } from '../harness/embedded.ts';
import type { FakeRegistry } from '../harness/fake-registry.ts';
import {
  HELPERS,
  type Helper,
  helperPids,
  killIfAlive,
  QemuSampler,
  qemuPids,
  SERVICES,
  type Service,
  serviceProcess,
  uidOf,
} from '../harness/faults.ts';
import { deleteMachines, imageCache } from '../harness/tiny-machine.ts';
import { type Moment, untilEnd } from './moments.ts';

/**
 * One kill at one moment of one machine's life.
 *
 * F1  After hack/up the machine is where its moment says, with exactly one QEMU when it is to run and none
 *     else; one that was to restart is in another boot.
 * F2  At no time it had two.
 * F3  When it is deleted after that, nothing of it is left: no process, link, namespace, control group, mount or file.
 */
export type Victim = Service | Helper;
export const VICTIMS: readonly Victim[] = [...SERVICES, ...HELPERS];

export interface Round {
  /** False: the machine had no such process at that moment, so nothing was killed. */
  readonly hit: boolean;
  /** Milliseconds from the kill until the machine was where it belongs. */
  readonly recoveredMs: number;
}

/** @throws Error that says which of F1 to F3 does not hold. */
export async function playRound(
  name: string,
  moment: Moment,
  victim: Victim,
  delayMs: number,
  registry: FakeRegistry,
): Promise<Round> {
  const before = traces();
  const over = await moment.begin(name, registry);
  const uid = await uidOf(name).catch((error: unknown) => {
    // A deletion may be over by now.
    if (moment.ends === 'gone') return undefined;
    throw error;
  });
  const sampler = new QemuSampler(uid ?? 'gone');
  let hit = false;
  let recoveredMs = 0;
  try {
    await sleep(delayMs);
    hit = await strike(victim, uid);
    const struck = performance.now();
    await bringBack();
    await untilEnd(name, moment.ends, over);
    recoveredMs = performance.now() - struck;
    const running = uid === undefined ? 0 : qemuPids(uid).length;
    const wanted = moment.ends === 'running' ? 1 : 0;
    if (running !== wanted) throw new Error(`F1: ${running} QEMUs for a machine that is ${moment.ends}`);
  } finally {
    sampler.stop();
  }
  if (sampler.most > 1) throw new Error(`F2: the machine had ${sampler.most} QEMUs at once`);
  await deleteMachines(name);
  await assertNothingLeft(before); // F3
  const { unfinished } = imageCache();
  if (unfinished.length > 0) throw new Error(`F3: parts of images are left: ${unfinished.join(', ')}`);
  return { hit, recoveredMs };
}

async function strike(victim: Victim, uid: string | undefined): Promise<boolean> {
  switch (victim) {
    case 'etcd':
    case 'apiserver':
    case 'reconcilers':
    case 'launcher':
      return killIfAlive((await serviceProcess(victim)).pid);
    case 'qemu':
    case 'supervisor':
    case 'dnsmasq': {
      const [pid] = uid === undefined ? [] : helperPids(victim, uid);
      return pid === undefined ? false : killIfAlive(pid);
    }
    default:
      victim satisfies never;
      return false;
  }
}
