/**
 * A signal that aborts after a time or together with another signal, and lets go of both in end(). AbortSignal.any and
 * AbortSignal.timeout would keep a timer and a reference per request for as long as the outer signal lives.
 */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True when the time ran out, not when the outer signal aborted. */
  readonly expired: boolean;
  abort(reason?: unknown): void;
  /** Stops the clock; the outer signal still counts. */
  arrived(): void;
  /** Lets go of everything. */
  end(): void;
}

export function startDeadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' }));
  }, ms);
  const follow = () => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  else outer?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    abort: (reason) => controller.abort(reason),
    arrived: () => clearTimeout(timer),
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}
