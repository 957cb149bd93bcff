import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errors } from '../../openapi/machinery/errors.ts';
import type { UpgradeContext } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { Chain, Destination } from './chain.ts';

/**
 * Takes over the connection of an upgrade that passed the chain, and resolves when the stream is over. Until it has
 * written to the connection it may throw, and the error is answered as to any other request.
 */
export type StreamDestination = (context: UpgradeContext) => Promise<void>;

export interface UpgradeRoutes {
  readonly chain: Chain;
  /** The stream that a request names, or undefined when it names none: then the request is an ordinary one. */
  streamOf(context: RequestContext): Promise<StreamDestination | undefined>;
  readonly ordinary: Destination;
}

/** Milliseconds for a refused client to read its answer and close. */
const lingerMs = 5_000;
/** Milliseconds of silence after which TCP asks whether the peer is still there: a console may be idle for hours. */
const keepAliveMs = 30_000;

/**
 * Node hands requests with an Upgrade header to another event than all others. They go the same way here: a response is
 * put on the connection by hand, so that refusals and ordinary answers are written as always (a server may ignore an
 * Upgrade). When a stream takes over, it writes to the connection itself and the response stays unused.
 */
export function createUpgradeListener(routes: UpgradeRoutes) {
  return (req: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket;
    // Without a listener, a connection that breaks here would end the process.
    socket.on('error', () => socket.destroy());
    socket.setKeepAlive(true, keepAliveMs);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.on('finish', () => {
      socket.end();
      socket.setTimeout(lingerMs, () => socket.destroy());
    });
    void routes.chain(req, res, async (context) => {
      // The bytes of a body would stand in `head`, mixed with those of the new protocol.
      if (req.method !== 'GET' && req.method !== 'HEAD') {
        throw errors.badRequest(`an upgrade must be asked for with GET, not ${req.method}`);
      }
      const stream = await routes.streamOf(context);
      if (stream === undefined) return routes.ordinary(context);
      const { res: _unused, ...rest } = context;
      const untouched = socket.bytesWritten;
      try {
        await stream({ ...rest, socket, head });
      } catch (error) {
        if (socket.bytesWritten === untouched) throw error;
        socket.destroy();
      }
    });
  };
}
