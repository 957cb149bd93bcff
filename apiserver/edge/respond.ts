import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { StatusError } from '../../openapi/machinery/errors.ts';
import type { AuditTrail } from '../request/audit-trail.ts';
import { indentJson } from './indent-json.ts';
import { warningHeaders } from './warnings.ts';

/** What an answer needs of a RequestContext; refusals are sent before there is a whole one. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly warnings: readonly string[];
  readonly audit?: AuditTrail | undefined;
}

/** Bodies above this many bytes are compressed for clients that accept it; below, it costs more than it saves. */
const compressAbove = 128 * 1024;
/** Larger bodies are never indented: it would hold up everybody else. */
const indentUpTo = 256 * 1024;
/** Programs that a person reads the output of. */
const peoplesAgents = /^(?:curl|Wget|Mozilla)\//;

const compress = promisify(gzip);

/** Writes status line and headers of an answer whose body the caller streams. Warnings come with it. */
export function startAnswer(exchange: Exchange, code: number, contentType: string): void {
  const { res, warnings, audit } = exchange;
  res.statusCode = code;
  res.setHeader('Content-Type', contentType);
  const lines = warningHeaders(warnings);
  if (lines.length > 0) res.setHeader('Warning', lines);
  res.flushHeaders();
  audit?.started(code);
}

/**
 * Sends a whole answer: JSON is indented when the client asks for it, large bodies are compressed when it accepts that.
 * Does nothing when the request was answered meanwhile (its deadline) or the client has gone.
 */
export async function send(
  exchange: Exchange,
  code: number,
  body: Buffer,
  contentType = 'application/json',
): Promise<void> {
  const { req, res, warnings, audit } = exchange;
  let bytes = body;
  if (contentType === 'application/json' && bytes.length <= indentUpTo && wantsIndented(req)) bytes = indentJson(bytes);
  const compressed = bytes.length > compressAbove && acceptsGzip(req);
  if (compressed) bytes = await compress(bytes, { level: 1 });
  if (res.headersSent || res.destroyed) return;
  audit?.responseBody(body, contentType);
  audit?.started(code);
  res.statusCode = code;
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', bytes.length);
  if (compressed) res.setHeader('Content-Encoding', 'gzip');
  if (body.length > compressAbove) res.appendHeader('Vary', 'Accept-Encoding');
  const lines = warningHeaders(warnings);
  if (lines.length > 0) res.setHeader('Warning', lines);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

export function sendJson(exchange: Exchange, code: number, value: unknown): Promise<void> {
  return send(exchange, code, Buffer.from(JSON.stringify(value)));
}

export function sendText(exchange: Exchange, code: number, text: string): Promise<void> {
  return send(exchange, code, Buffer.from(text), 'text/plain; charset=utf-8');
}

/** An error as every Kubernetes client reads it. */
export async function sendError(exchange: Exchange, error: StatusError): Promise<void> {
  const { req, res } = exchange;
  if (res.headersSent || res.destroyed) return;
  if (error.retryAfterSeconds !== undefined) res.setHeader('Retry-After', error.retryAfterSeconds);
  if (error.code === 401 || error.code === 403) res.setHeader('X-Content-Type-Options', 'nosniff');
  // The rest of a body that is too long or too slow is not worth reading; the next request would stand behind it.
  if (error.code === 413 || (error.code === 504 && !req.complete)) res.setHeader('Connection', 'close');
  await sendJson(exchange, error.code, error.status);
}

function wantsIndented(req: IncomingMessage): boolean {
  const pretty = /[?&]pretty=([^&]*)/.exec(req.url ?? '')?.[1];
  if (pretty !== undefined) return pretty !== 'false' && pretty !== '0';
  return peoplesAgents.test(req.headers['user-agent'] ?? '');
}

export function acceptsGzip(req: IncomingMessage): boolean {
  return String(req.headers['accept-encoding'] ?? '')
    .split(',')
    .some((item) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/.test(item));
}
