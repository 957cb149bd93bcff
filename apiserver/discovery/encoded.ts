import { createHash } from 'node:crypto';
import { send } from '../edge/respond.ts';
import type { RequestContext } from '../request/context.ts';

/** A document that is made once and served for ever. */
export interface Encoded {
  readonly body: Buffer;
  /** Strong and quoted; the same on every replica, since it depends on the bytes alone. */
  readonly etag: string;
  readonly contentType: string;
}

export function encode(value: unknown, contentType = 'application/json'): Encoded {
  return encodeBytes(Buffer.from(JSON.stringify(value)), contentType);
}

export function encodeBytes(body: Buffer, contentType: string): Encoded {
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`, contentType };
}

export interface CacheRule {
  /** Cache-Control of the answer. */
  readonly cacheControl: string;
  readonly vary?: string;
  readonly expires?: Date;
}

/** 304 when the client has these very bytes; proxies and clients poll these documents once a minute. */
export async function sendEncoded(context: RequestContext, document: Encoded, rule: CacheRule): Promise<void> {
  const { req, res } = context;
  res.setHeader('ETag', document.etag);
  res.setHeader('Cache-Control', rule.cacheControl);
  res.setHeader('Vary', rule.vary ?? 'Accept');
  if (rule.expires !== undefined) res.setHeader('Expires', rule.expires.toUTCString());
  if (matches(req.headers['if-none-match'], document.etag)) {
    res.statusCode = 304;
    res.end();
    return;
  }
  await send(context, 200, document.body, document.contentType);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header === '*' || header.split(',').some((item) => item.trim().replace(/^W\//, '') === etag);
}
