import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { errors } from '../../openapi/machinery/errors.ts';
import type { UpgradeContext } from '../registry/resource.ts';
import type { Target } from './target.ts';
import { openWatch } from './watch.ts';
import type { WatchSettings } from './watch-settings.ts';
import type { WatchSink } from './watch-sink.ts';

/**
 * A watch over a WebSocket: for programs in a browser, which cannot read an answer line by line.
 *
 * K1  Options are checked before the switch; whatever is wrong is answered as to any other request.
 * K2  One frame is one text message, the same JSON as a line of the body. What the client sends is ignored.
 * K3  A client that answers no ping is gone; a clean end is a close message with code 1000.
 */
export async function watchOverSocket(target: Target, context: UpgradeContext, settings: WatchSettings): Promise<void> {
  const sink = new SocketSink(context, settings.pingEveryMs);
  try {
    await openWatch(target, context, settings, sink);
    await sink.closed;
  } finally {
    sink.destroy();
  }
}

/** Does a request ask for a WebSocket? Other upgrades may be ignored, and are. */
export function wantsWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

/** Messages of clients are not read, so they may be no larger than this many bytes. */
const maxPayload = 64 * 1024;
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';
/** Milliseconds for a client to answer the close message. */
const closeMs = 2_000;

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload,
  // A token among the protocols is a credential and no protocol.
  handleProtocols: (offered) => [...offered].find((protocol) => !protocol.startsWith(bearerProtocol)) ?? false,
});
// Else ws answers a malformed handshake itself.
server.on('wsClientError', () => undefined);

class SocketSink implements WatchSink {
  readonly #context: UpgradeContext;
  readonly #pingEveryMs: number;
  readonly #socket: Duplex;
  #signal: AbortSignal | undefined;
  #ws: WebSocket | undefined;
  #pings: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;

  constructor(context: UpgradeContext, pingEveryMs: number) {
    this.#context = context;
    this.#socket = context.socket;
    this.#pingEveryMs = pingEveryMs;
  }

  /** Resolves when the connection is. */
  get closed(): Promise<unknown> {
    return this.#socket.closed ? Promise.resolve() : once(this.#socket, 'close');
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    const { req, head } = this.#context;
    // Calls back at once, or refuses by the event above.
    server.handleUpgrade(req, this.#socket, head, (ws) => {
      this.#ws = ws;
    });
    const ws = this.#ws;
    if (ws === undefined) throw errors.badRequest('the headers of the WebSocket handshake are not valid (RFC 6455)');
    ws.on('error', () => ws.terminate());
    this.#context.audit?.started(101);
    let alive = true;
    ws.on('pong', () => {
      alive = true;
    });
    // K3
    this.#pings = setInterval(() => {
      if (!alive) return ws.terminate();
      alive = false;
      ws.ping();
    }, this.#pingEveryMs);
    ws.once('close', () => clearInterval(this.#pings));
  }

  async write(frame: Buffer): Promise<void> {
    this.#send(frame);
    if (this.#socket.writableNeedDrain) await this.flush();
  }

  async flush(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (this.#socket.writableNeedDrain) {
      await once(this.#socket, 'drain', this.#signal === undefined ? {} : { signal: this.#signal });
    }
  }

  offer(frame: Buffer): void {
    if (!this.#socket.writableNeedDrain) this.#send(frame);
  }

  end(): void {
    if (this.#socket.writableNeedDrain) {
      this.destroy();
    } else {
      this.#ws?.close(1000);
      this.#closing = setTimeout(() => this.destroy(), closeMs);
    }
  }

  destroy(): void {
    clearInterval(this.#pings);
    clearTimeout(this.#closing);
    this.#ws?.terminate();
  }

  #send(frame: Buffer): void {
    // Without the line feed; text, though the bytes are at hand.
    this.#ws?.send(frame.subarray(0, -1), { binary: false });
  }
}
