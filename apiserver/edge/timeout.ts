import { errors } from '../../openapi/machinery/errors.ts';
import { goDuration } from '../request/duration.ts';
import type { RequestInfo } from '../request/info.ts';

/**
 * Milliseconds that a request may take: the server's limit, or less when ?timeout= asks for it.
 * @throws StatusError 400 when ?timeout= is no duration.
 */
export function requestTimeout(info: RequestInfo, limit: number): number {
  const text = info.query.get('timeout');
  if (text === null || text === '') return limit;
  const asked = goDuration(text);
  if (asked === undefined || asked < 0) {
    throw errors.badRequest(
      `invalid timeout specified in the request URL: ${JSON.stringify(text)} is no duration such as 30s or 1m`,
    );
  }
  return asked === 0 ? limit : Math.min(asked, limit);
}
