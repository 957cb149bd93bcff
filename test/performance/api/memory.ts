import { readFile, writeFile } from 'node:fs/promises';
import { stateOf } from '../../../hack/embedded/detached.ts';
import type { Cluster, ComponentName } from '../../harness/kubernetes.ts';

/** Resident memory of a process of the cluster, from the kernel's own counts, in MiB. */
export class Memory {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  static async of(cluster: Cluster, name: ComponentName): Promise<Memory> {
    const state = await stateOf(cluster.home, name);
    if (state.kind !== 'running') throw new Error(`${name} does not run`);
    return new Memory(state.record.identity.pid);
  }

  now(): Promise<number> {
    return this.#field('VmRSS');
  }

  /** The peak since `forget`. */
  peak(): Promise<number> {
    return this.#field('VmHWM');
  }

  /** The peak becomes what is resident now. */
  forget(): Promise<void> {
    return writeFile(`/proc/${this.#pid}/clear_refs`, '5');
  }

  async #field(name: string): Promise<number> {
    const text = await readFile(`/proc/${this.#pid}/status`, 'utf8');
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`/proc/${this.#pid}/status has no ${name}`);
    return Number(found) / 1024;
  }
}
