import type { VirtualMachine } from '../../openapi/api.ts';
import { decide, gracePeriodSeconds } from '../../openapi/machine/power.ts';

/** What is wanted of the boot that this node holds. */
export type Wish =
  | { readonly want: 'run' }
  | { readonly want: 'stop'; readonly grace: number; readonly why: string }
  /** The object is gone, or has moved on to another boot or node: nobody waits for this boot. */
  | { readonly want: 'abandon'; readonly why: string };

export interface Boot {
  readonly uid: string;
  readonly bootID: string;
  readonly nodeName: string;
}

/**
 * Pure. metadata.deletionGracePeriodSeconds says nothing here: as for every object with a finalizer it is 0 whatever the
 * person who deleted it had in mind.
 */
export function wishOf(machine: VirtualMachine | undefined, boot: Boot, now: Date): Wish {
  if (machine === undefined || machine.metadata.uid !== boot.uid)
    return { want: 'abandon', why: 'the machine is gone' };
  const { nodeName, bootID } = machine.status ?? {};
  if (nodeName !== boot.nodeName || bootID !== boot.bootID) {
    return { want: 'abandon', why: nodeName ? 'the machine has another boot or host' : 'the machine was released' };
  }
  const { want, why } = decide(machine, now);
  if (want === 'run') return { want };
  return { want, grace: gracePeriodSeconds(machine, now), why };
}
