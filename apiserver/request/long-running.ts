import type { RequestInfo } from './info.ts';

/** Subresources whose answer may go on for hours. */
const streams: ReadonlySet<string> = new Set([
  'console',
  'vnc',
  'portforward',
  'log',
  'live',
  'attach',
  'exec',
  'proxy',
]);

/** Long-running requests have no deadline and are not counted against the limit of requests in flight. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.isResource && (info.verb === 'watch' || streams.has(info.subresource));
}
