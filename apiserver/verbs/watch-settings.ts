import type { ResourceDefinition } from '../registry/resource.ts';

export interface WatchSettings {
  /** Milliseconds that a watch lasts which asks for no time; at random up to twice as long, so that not all come back at once. */
  readonly minimumMs: number;
  /** A watch that has sent nothing for so many milliseconds sends a bookmark, when it may. */
  readonly bookmarkEveryMs: number;
  /** Milliseconds between the last bookmark and the end of the stream. */
  readonly lastBookmarkMs: number;
  /** Milliseconds between the pings of a WebSocket; who answers none of them until the next is gone. */
  readonly pingEveryMs: number;
  /** Told of every event that is sent and its bytes, for metrics. */
  readonly onEvent: (definition: ResourceDefinition, bytes: number) => void;
  /** Told of every watch that is ended because its client does not read. */
  readonly onSlow: (definition: ResourceDefinition) => void;
}

/** kube-apiserver's own times. */
export const standardWatchSettings: WatchSettings = {
  minimumMs: 1_800_000,
  bookmarkEveryMs: 60_000,
  lastBookmarkMs: 2_000,
  pingEveryMs: 30_000,
  onEvent: () => undefined,
  onSlow: () => undefined,
};

/** How many milliseconds a watch lasts that asked for so many, or for none. */
export function lastsMs(asked: number | undefined, { minimumMs }: WatchSettings): number {
  return Math.min(asked ?? minimumMs * (1 + Math.random()), LONGEST_MS);
}

/** setTimeout's largest delay. */
const LONGEST_MS = 2 ** 31 - 1;
