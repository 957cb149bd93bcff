import type { Etcd3, IDuplexStream, IWatchCreateRequest, IWatchRequest, IWatchResponse } from 'etcd3';

/** What arrives on a watch stream, and what its owner puts between. */
export type Arrival<H> =
  | { readonly kind: 'response'; readonly response: IWatchResponse }
  | { readonly kind: 'hint'; readonly hint: H };

type NodeStream = IDuplexStream<IWatchRequest, IWatchResponse> & { pause(): void; resume(): void };

/** More responses than this are left in the connection until these are taken. */
const INBOX_LIMIT = 8;

/**
 * One watch on one stream of its own, by etcd3's bare gRPC stub: its own watcher resumes after a broken connection at the
 * revision of the last header, which can be far ahead of the last event, and so loses everything between.
 *
 * T1  take gives what arrives in order, then rejects for good with what ended the stream.
 * T2  Not more than a few responses wait here; the rest waits in the connection.
 * T3  A stream that does not answer its create request in time ends with an error.
 * T4  close ends the stream; no error of a stream is ever unhandled.
 */
export class WatchStream<H = never> {
  readonly #stream: NodeStream;
  readonly #inbox: Arrival<H>[] = [];
  readonly #openTimer: NodeJS.Timeout;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(stream: IDuplexStream<IWatchRequest, IWatchResponse>, openDeadlineMs: number) {
    // gRPC's streams are Node streams; etcd3's types do not say so.
    this.#stream = stream as NodeStream;
    this.#openTimer = setTimeout(() => {
      this.#fail(new Error(`etcd did not open the watch in ${openDeadlineMs} ms`));
      this.#stream.cancel();
    }, openDeadlineMs);
    stream
      .on('data', (response) => this.#arrived(response))
      .on('error', (error) => this.#fail(error))
      .on('end', () => this.#fail(new Error('etcd ended the watch stream')));
  }

  static async open<H = never>(
    client: Etcd3,
    request: IWatchCreateRequest,
    openDeadlineMs: number,
  ): Promise<WatchStream<H>> {
    const stream = new WatchStream<H>(await client.watchClient.watch(), openDeadlineMs);
    stream.#stream.write({ create_request: request });
    return stream;
  }

  async take(): Promise<Arrival<H>> {
    for (;;) {
      const arrival = this.#inbox.shift();
      if (arrival !== undefined) {
        if (this.#inbox.length < INBOX_LIMIT) this.#stream.resume();
        return arrival;
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Puts something in line behind what has arrived. */
  hint(hint: H): void {
    // One waiting hint is enough: the next one says more.
    const last = this.#inbox.at(-1);
    if (last?.kind === 'hint') this.#inbox.pop();
    this.#inbox.push({ kind: 'hint', hint });
    this.#wake?.();
  }

  close(): void {
    this.#fail(new Error('the watch is closed'));
    this.#stream.cancel();
  }

  #arrived(response: IWatchResponse): void {
    clearTimeout(this.#openTimer);
    this.#inbox.push({ kind: 'response', response });
    if (this.#inbox.length >= INBOX_LIMIT) this.#stream.pause();
    this.#wake?.();
  }

  #fail(error: Error): void {
    clearTimeout(this.#openTimer);
    this.#failure ??= error;
    this.#wake?.();
  }
}
