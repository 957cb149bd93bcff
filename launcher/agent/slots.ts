import { chooseSlot, slotCount } from '../sandbox/identity.ts';

/** Which machine has which slot now; a machine keeps its slot until it is released. */
export class Slots {
  readonly #byMachine = new Map<string, number>();
  readonly #count: number;

  constructor(cidr: string, taken: Iterable<readonly [uid: string, slot: number]>) {
    this.#count = slotCount(cidr);
    for (const [uid, slot] of taken) this.#byMachine.set(uid, slot);
  }

  /** @throws Error when every slot is taken. */
  take(uid: string): number {
    const held = this.#byMachine.get(uid);
    if (held !== undefined) return held;
    const slot = chooseSlot(uid, new Set(this.#byMachine.values()), this.#count);
    if (slot === undefined)
      throw new Error(`all ${this.#count} addresses of this node are taken: choose a larger --network-cidr`);
    this.#byMachine.set(uid, slot);
    return slot;
  }

  release(uid: string): void {
    this.#byMachine.delete(uid);
  }
}
