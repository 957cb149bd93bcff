import { Backoff } from '../../base/backoff.ts';
import type { VirtualMachine, VirtualMachineStatus } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import type { Boot } from './wish.ts';

/**
 * Writes of a machine's status: read, change, compare and swap, again.
 *
 * W1  Nothing is written to a machine that is not of this boot on this node; that is the outcome `moved`, not an error.
 * W2  A conflict is read again at once, a server that cannot be asked after a growing pause, until the signal aborts. No
 *     answer that a person would have to act on is retried silently: it goes to `onProblem` each time.
 * W3  A change that gives back undefined or the same status is no write.
 */
export type StatusChange = (machine: VirtualMachine) => VirtualMachineStatus | undefined;

export type WriteOutcome =
  | { readonly kind: 'written'; readonly machine: VirtualMachine }
  /** It was so already (W3). */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'moved' };

export interface StatusWriterOptions {
  readonly client: Client;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** `known`: the object as last seen; saves the first read. */
  async write(
    at: Boot & { readonly namespace: string; readonly name: string },
    change: StatusChange,
    signal: AbortSignal,
    known?: VirtualMachine,
  ): Promise<WriteOutcome> {
    const backoff = new Backoff({ initialMs: 100, maxMs: 10_000 });
    let machine = known;
    for (;;) {
      signal.throwIfAborted();
      try {
        machine ??= await this.read(at, signal);
        if (machine === undefined || machine.metadata.uid !== at.uid) return { kind: 'moved' };
        const { nodeName, bootID } = machine.status ?? {};
        if (nodeName !== at.nodeName || bootID !== at.bootID) return { kind: 'moved' };
        const status = change(machine);
        if (status === undefined || status === machine.status) return { kind: 'unchanged' };
        return {
          kind: 'written',
          machine: await this.#options.client.updateStatus(
            resources.virtualMachines,
            { ...machine, status },
            { signal },
          ),
        };
      } catch (error) {
        signal.throwIfAborted();
        machine = undefined;
        if (isError(error, 'notFound')) return { kind: 'moved' };
        if (isError(error, 'conflict')) continue;
        this.#options.onProblem('the status of a machine cannot be written', error);
        await backoff.wait(signal);
      }
    }
  }

  /** The machine as the server has it now; undefined when it is gone. */
  async read(
    at: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<VirtualMachine | undefined> {
    try {
      return await this.#options.client.get(
        resources.virtualMachines,
        { namespace: at.namespace, name: at.name },
        { signal },
      );
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      throw error;
    }
  }
}
