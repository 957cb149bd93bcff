import assert from 'node:assert/strict';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { WatchFrame } from './watch-client.ts';

export interface WatchAddress {
  readonly port: number;
  readonly path: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Everything that one watch tells, however long it is silent in between. */
export class WatchLedger {
  readonly frames: WatchFrame[] = [];
  readonly statusCode: number;
  readonly ended: Promise<void>;
  readonly #asked: ClientRequest;

  private constructor(asked: ClientRequest, response: IncomingMessage) {
    this.#asked = asked;
    this.statusCode = response.statusCode ?? 0;
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => response.once('close', resolve));
    createInterface({ input: response })
      .on('line', (line) => this.frames.push(JSON.parse(line) as WatchFrame))
      // The connection that breaks, once more.
      .on('error', () => undefined);
  }

  static open({ port, path, tls }: WatchAddress): Promise<WatchLedger> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, ...tls, agent: false });
      asked.on('response', (response) => resolve(new WatchLedger(asked, response)));
      asked.on('error', reject).end();
    });
  }

  /** Names of added objects in the order in which they came. */
  get added(): string[] {
    return this.frames.flatMap(({ type, object }) => (type === 'ADDED' ? [object.metadata.name as string] : []));
  }

  async until(what: string, condition: (ledger: this) => boolean, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition(this)) {
      assert.ok(
        Date.now() < end,
        `${what}: not within ${timeoutMs} ms, the last of ${this.frames.length} frames: ${JSON.stringify(this.frames.at(-1))}`,
      );
      await delay(20);
    }
  }

  /** No frame came twice, none out of order, and none is an error. */
  assertInOrder(): void {
    let last = 0n;
    for (const { type, object } of this.frames) {
      assert.notEqual(type, 'ERROR', JSON.stringify(object));
      const version = BigInt(object.metadata.resourceVersion);
      assert.ok(version > last, `${version} after ${last}`);
      last = version;
    }
  }

  close(): void {
    this.#asked.destroy();
  }
}
