/** Why a request's signal aborted; `signal.reason` is one of these. */
export class RequestEnded extends Error {
  override readonly name = 'RequestEnded';
  readonly end: 'client-gone' | 'deadline' | 'shutdown';

  constructor(end: RequestEnded['end']) {
    const texts = {
      'client-gone': 'the client closed the connection',
      deadline: 'the request did not complete within its time',
      shutdown: 'the server is shutting down',
    };
    super(texts[end]);
    this.end = end;
  }
}

export function endOf(signal: AbortSignal): RequestEnded['end'] | undefined {
  return signal.reason instanceof RequestEnded ? signal.reason.end : undefined;
}
