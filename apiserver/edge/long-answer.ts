import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { acceptsGzip, type Exchange, startAnswer } from './respond.ts';

/** A body that is written piece by piece, because it is too long to be made as one. */
export interface LongAnswer {
  readonly out: Writable;
  /** Resolves when everything is on its way; rejects when the client went away before. */
  end(): Promise<void>;
}

/** Status line and headers of a long answer. It is compressed for clients that accept it, beside the event loop. */
export function startLongAnswer(exchange: Exchange, code: number, contentType: string): LongAnswer {
  const { req, res } = exchange;
  res.appendHeader('Vary', 'Accept-Encoding');
  if (!acceptsGzip(req) || req.method === 'HEAD') {
    startAnswer(exchange, code, contentType);
    return {
      out: res,
      async end() {
        res.end();
      },
    };
  }
  res.setHeader('Content-Encoding', 'gzip');
  startAnswer(exchange, code, contentType);
  const compressor = createGzip({ level: constants.Z_BEST_SPEED });
  compressor.pipe(res);
  // A client that goes away leaves nothing behind that waits for it.
  res.once('close', () => compressor.destroy());
  return {
    out: compressor,
    async end() {
      compressor.end();
      await finished(compressor);
    },
  };
}
