import type { Writable } from 'node:stream';
import { startAnswer } from '../edge/respond.ts';
import type { RequestContext } from '../request/context.ts';
import { SliceWriter } from './slices.ts';

/**
 * Where the frames of a watch go.
 *
 * S1  Nothing goes out before `start`; until then the request can still be refused.
 * S2  `write` and `flush` resolve when the next frame may come and reject with the signal's reason: nobody is written to
 *     faster than they read.
 * S3  `end` lets everything arrive that was written, `destroy` nothing.
 */
export interface WatchSink {
  start(signal: AbortSignal): void;
  write(frame: Buffer): Promise<void>;
  flush(): Promise<void>;
  /** Sends the frame if that can be done at once. Only between two flushes. */
  offer(frame: Buffer): void;
  end(): void;
  destroy(): void;
}

/** The body of an answer: one line for each frame. */
export class AnswerSink implements WatchSink {
  readonly #context: RequestContext;
  #writer: SliceWriter | undefined;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  start(signal: AbortSignal): void {
    startAnswer(this.#context, 200, 'application/json');
    this.#writer = new SliceWriter(this.#context.res as Writable, signal);
  }

  async write(frame: Buffer): Promise<void> {
    await this.#writer?.write(frame);
  }

  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  offer(frame: Buffer): void {
    const { res } = this.#context;
    if (!res.writableNeedDrain && !res.destroyed) res.write(frame);
  }

  end(): void {
    const { res } = this.#context;
    // What a client did not take in all this time it will not take now.
    if (res.writableNeedDrain) res.destroy();
    else res.end();
  }

  destroy(): void {
    this.#context.res.destroy();
  }
}
