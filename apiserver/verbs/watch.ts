import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { CacheWatch, Freshness, Scope, WatchFrom } from '../../storage/cache/cache.ts';
import type { Summary } from '../registry/core.ts';
import { isSegment, keyOf, prefixOf } from '../registry/keys.ts';
import { type Selection, selectionOf } from '../registry/selection.ts';
import { transitionOf } from '../registry/transition.ts';
import type { RequestContext } from '../request/context.ts';
import { type WatchOptions, watchOptions } from './list-options.ts';
import { negotiate } from './negotiate.ts';
import type { Target } from './target.ts';
import { createWatchFrames, errorFrame, type WatchFrames } from './watch-frames.ts';
import { lastsMs, type WatchSettings } from './watch-settings.ts';
import { AnswerSink, type WatchSink } from './watch-sink.ts';

/**
 * GET ?watch=true.
 *
 * V1  The headers go out at once, also for an empty collection: clients wait for them.
 * V2  Once the options are accepted, whatever goes wrong is an ERROR event on a stream with status 200.
 * V3  One event is one line, and each line goes out before the next step is asked for; a client that does not read
 *     makes the cache end this watch and nobody else's.
 * V4  A bookmark's revision is never ahead of what this stream has sent (the cache's watch knows it), and bookmarks go
 *     only to those who asked for them.
 * V5  The stream ends cleanly when its time is over, with a last bookmark shortly before; every timer ends with it.
 * V6  Who asked for bookmarks gets one when nothing was sent for a while, also when much happens that is not for them.
 */
export function watchVerb(target: Target, context: RequestContext, settings: WatchSettings): Promise<void> {
  return openWatch(target, context, settings, new AnswerSink(context));
}

/** Resolves when the stream is over; what is thrown before the sink was started is an answer to the request. */
export async function openWatch(
  target: Target,
  context: Pick<RequestContext, 'info' | 'req' | 'signal'>,
  settings: WatchSettings,
  sink: WatchSink,
): Promise<void> {
  const { query } = context.info;
  const form = negotiate(context.req, query, 'watch');
  const options = watchOptions(query);
  const selection = selectionOf(target.definition, query);
  const { cache } = target.store.core;
  if (!cache.readiness.ready) throw errors.tooManyRequests(`the cache is not ready: ${cache.readiness.reason}`);
  const time = new WatchTime(context.signal, lastsMs(options.timeoutMs, settings), settings);
  try {
    const from = startOf(options);
    const opening = await cache.watch(scopeOf(target, selection, context.info.name), from, {
      signal: time.signal,
      onEnded: (why) => {
        if (why !== 'slow') return;
        settings.onSlow(target.definition);
        // V3. The client comes back with its last revision; what is in its way it gets no more of.
        sink.destroy();
      },
      ...(options.bookmarks ? { bookmarkEveryMs: settings.bookmarkEveryMs } : {}),
    });
    // V1
    sink.start(time.signal);
    const frames = createWatchFrames(target.definition, form.view, settings.onEvent);
    const stream = new WatchStream(sink, frames, selection, time, settings);
    switch (opening.kind) {
      case 'open':
        await stream.run(opening.watch, options);
        break;
      case 'expired': {
        const wanted = from.kind === 'after' ? from.revision : 0n;
        await stream.fail(errors.expired(`too old resource version: ${wanted} (${opening.oldest})`));
        break;
      }
      case 'too-new':
        await stream.fail(errors.resourceVersionTooLarge(String(opening.wanted), String(opening.current)));
        break;
      default:
        opening satisfies never;
    }
  } finally {
    time.close();
  }
}

/** V5: the stream's own end, beside the request's. */
class WatchTime {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  #beforeEnd: () => void = () => undefined;

  constructor(request: AbortSignal, timeoutMs: number, { lastBookmarkMs }: WatchSettings) {
    this.signal = AbortSignal.any([request, this.#controller.signal]);
    this.#timers = [
      setTimeout(() => this.#controller.abort(), timeoutMs),
      setTimeout(() => this.#beforeEnd(), Math.max(0, timeoutMs - lastBookmarkMs)),
    ];
  }

  onLastMoments(call: () => void): void {
    this.#beforeEnd = call;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    // Ends the cache's watch when this stream failed by itself.
    this.#controller.abort();
  }
}

class WatchStream {
  readonly #sink: WatchSink;
  readonly #frames: WatchFrames;
  readonly #selection: Selection;
  readonly #time: WatchTime;
  readonly #bookmarkEveryMs: number;
  #idle = true;
  #lastBookmarkDue = false;
  #sentAt = performance.now();

  constructor(
    sink: WatchSink,
    frames: WatchFrames,
    selection: Selection,
    time: WatchTime,
    { bookmarkEveryMs }: WatchSettings,
  ) {
    this.#sink = sink;
    this.#frames = frames;
    this.#selection = selection;
    this.#time = time;
    this.#bookmarkEveryMs = bookmarkEveryMs;
  }

  async run(watch: CacheWatch<KubernetesObject, Summary>, options: WatchOptions): Promise<void> {
    if (options.bookmarks) {
      this.#time.onLastMoments(() => {
        this.#lastBookmarkDue = true;
        if (this.#idle) this.#lastBookmark(watch);
      });
    }
    try {
      for await (const step of watch) {
        this.#idle = false;
        switch (step.kind) {
          case 'state':
            for (const item of step.items) {
              if (this.#selection.everything || this.#selection.matches(item.summary)) {
                await this.#write(this.#frames.initial(item));
              }
            }
            if (options.sendInitialEvents === true && options.bookmarks) {
              await this.#write(this.#frames.bookmark(step.revision, true));
            }
            break;
          case 'events':
            for (const event of step.events) {
              const transition = transitionOf(event, this.#selection);
              if (transition.kind === 'none') continue;
              await this.#write(this.#frames.event(transition.kind, transition.item, event));
            }
            // V6
            if (options.bookmarks && performance.now() - this.#sentAt >= this.#bookmarkEveryMs) {
              await this.#write(this.#frames.bookmark(step.revision, false));
            }
            break;
          case 'bookmark':
            await this.#write(this.#frames.bookmark(step.revision, false));
            break;
          case 'ended':
            return await this.#ended(step.why);
          default:
            step satisfies never;
        }
        // V3
        await this.#sink.flush();
        this.#idle = true;
        if (this.#lastBookmarkDue) this.#lastBookmark(watch);
      }
      this.#sink.end();
    } catch (error) {
      // The time being over, or the server going down, is a clean end; all else belongs to the edge.
      if (!this.#time.signal.aborted) throw error;
      this.#sink.end();
    }
  }

  async fail(error: { readonly status: Parameters<typeof errorFrame>[0] }): Promise<void> {
    await this.#write(errorFrame(error.status));
    await this.#sink.flush();
    this.#sink.end();
  }

  async #write(frame: Buffer): Promise<void> {
    this.#sentAt = performance.now();
    await this.#sink.write(frame);
  }

  async #ended(why: 'slow' | 'resync' | 'closed'): Promise<void> {
    switch (why) {
      case 'closed':
        return this.#sink.end();
      case 'slow':
        return;
      case 'resync':
        return this.fail(errors.expired('too old resource version: the history of this watch is gone, list again'));
      default:
        why satisfies never;
    }
  }

  /** Only between two steps: then the watch's revision covers exactly what was sent (V4). */
  #lastBookmark(watch: CacheWatch<KubernetesObject, Summary>): void {
    this.#lastBookmarkDue = false;
    this.#sink.offer(this.#frames.bookmark(watch.revision, false));
  }
}

function scopeOf(target: Target, selection: Selection, name: string): Scope {
  const one = selection.name ?? (name === '' ? undefined : name);
  const whole = { prefix: prefixOf(target.definition, target.namespace) };
  if (one === undefined || !isSegment(one)) return whole;
  if (target.definition.namespaced && target.namespace === '') return whole;
  return { key: keyOf(target.definition, target.namespace, one) };
}

/** Where the stream begins: the state first or not, and how fresh it must be. */
function startOf(options: WatchOptions): WatchFrom {
  const { resourceVersion: version, sendInitialEvents } = options;
  const freshness = freshnessOf(version);
  if (sendInitialEvents === true) return { kind: 'state', freshness };
  if (version.kind === 'number') return { kind: 'after', revision: version.revision };
  return { kind: sendInitialEvents === undefined ? 'state' : 'now', freshness };
}

function freshnessOf(version: WatchOptions['resourceVersion']): Freshness {
  switch (version.kind) {
    case 'unset':
      return { kind: 'newest' };
    case 'zero':
      return { kind: 'any' };
    case 'number':
      return { kind: 'at-least', revision: version.revision };
    default:
      return version satisfies never;
  }
}
