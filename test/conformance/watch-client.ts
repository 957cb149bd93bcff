import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  // biome-ignore lint/suspicious/noExplicitAny: frames hold objects, tables and statuses
  readonly object: any;
}

/** A watch as a client sees it: the status line, then frames in order. */
export interface WatchClient {
  readonly statusCode: number;
  /** The next frame; undefined when the stream has ended. Fails after five seconds of silence. */
  next(): Promise<WatchFrame | undefined>;
  /** Type and name of the next `count` frames, for short assertions. */
  names(count: number): Promise<string[]>;
  /** The body of an answer that is no stream. */
  text(): Promise<string>;
  /** Stops reading, as a client does that hangs. */
  readonly response: IncomingMessage;
  close(): void;
}

export interface WatchTarget {
  readonly port: number;
  readonly path: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly accept?: string;
}

const SILENCE_MS = 5_000;

/** Resolves as soon as the headers are there. */
export async function openWatch(target: WatchTarget): Promise<WatchClient> {
  const { port, path, ca, cert, key, accept = 'application/json' } = target;
  let asked: ClientRequest | undefined;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked = request({ host: '127.0.0.1', port, path, ca, cert, key, agent: false, headers: { accept } }, resolve);
    asked.on('error', reject);
    asked.end();
  });
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  response.on('error', () => undefined);
  const next = async (): Promise<WatchFrame | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no frame within ${SILENCE_MS} ms of ${path}`)), SILENCE_MS);
    });
    try {
      const line = await Promise.race([lines.next(), silence]);
      return line.done ? undefined : (JSON.parse(line.value) as WatchFrame);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    statusCode: response.statusCode ?? 0,
    response,
    next,
    async names(count) {
      const found: string[] = [];
      for (let i = 0; i < count; i += 1) {
        const frame = await next();
        if (frame === undefined) break;
        found.push(`${frame.type} ${(frame.object as KubernetesObject).metadata.name ?? ''}`.trim());
      }
      return found;
    },
    async text() {
      let text = '';
      for (;;) {
        const line = await lines.next();
        if (line.done) return text;
        text += line.value;
      }
    },
    close: () => asked?.destroy(),
  };
}
