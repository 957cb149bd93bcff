import type { WebSocket } from 'ws';
import type { Framing } from './framing.ts';
import type { SerialHub } from './serial-hub.ts';

/**
 * One client at one console.
 *
 * C1  A client that answers no ping for two intervals is gone and is cut off.
 * C2  A session ends once: its attachment and its timer end with the WebSocket, whoever closed it.
 */
const PING_MS = 20_000;

/** RFC 6455 section 7.4.1. */
const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;

export function runSession(socket: WebSocket, framing: Framing, hub: SerialHub): void {
  let heard = true;
  const attachment = hub.attach({
    send: (chunk) => socket.send(framing.output(chunk)),
    backlog: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: (reason) => {
      const last = framing.closing(reason);
      if (last !== undefined) socket.send(last);
      socket.close(NORMAL, reason);
    },
  });
  const pings = setInterval(() => {
    if (!heard) {
      socket.terminate();
      return;
    }
    heard = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => {
    heard = true;
  });
  socket.on('message', (data) => {
    heard = true;
    const input = framing.input(asBuffer(data));
    switch (input.kind) {
      case 'bytes':
        attachment.write(input.bytes);
        return;
      case 'size':
        // A serial line has no size; programs in the guest ask the terminal itself (ESC [ 18 t), which the client has.
        return;
      case 'end':
        return;
      case 'invalid':
        socket.close(PROTOCOL_ERROR, input.reason);
        return;
      default:
        input satisfies never;
    }
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.once('close', () => {
    clearInterval(pings);
    attachment.detach();
  });
}

function asBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
