import { openSerialHub, type SerialHub } from '../console/serial-hub.ts';

/** The serial consoles of the machines that run here, by the machine's uid. */
export class Consoles {
  readonly #hubs = new Map<string, SerialHub>();

  /** Idempotent. May be called before QEMU runs: the connection waits in the socket's queue, so no byte is missed. */
  async open(uid: string, socketPath: string, logFile: string): Promise<void> {
    if (this.#hubs.has(uid)) return;
    const hub = await openSerialHub({ socketPath, logFile });
    this.#hubs.set(uid, hub);
  }

  get(uid: string): SerialHub | undefined {
    return this.#hubs.get(uid);
  }

  async close(uid: string): Promise<void> {
    const hub = this.#hubs.get(uid);
    this.#hubs.delete(uid);
    await hub?.close();
  }

  /** Clients over all machines. */
  clients(): number {
    let sum = 0;
    for (const hub of this.#hubs.values()) sum += hub.clients();
    return sum;
  }
}
