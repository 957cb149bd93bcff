import type { Logger } from '../../base/log.ts';
import { errors, StatusError } from '../../openapi/machinery/errors.ts';
import { AuthorizationFailure } from '../access/authorization/failure.ts';
import { RequestEnded } from '../request/end.ts';
import { type Exchange, sendError, sendText } from './respond.ts';

/**
 * The one place where an error becomes an answer. A StatusError says itself what it is; the end of a request is 504 or
 * nothing; everything else is a fault of ours: 500, and the log has the cause.
 */
export async function answerFault(exchange: Exchange, error: unknown, logger: Logger): Promise<void> {
  const { res } = exchange;
  if (res.destroyed || res.writableEnded) {
    if (!isExpected(error)) logger.error({ err: error }, 'a request failed after its answer');
    return;
  }
  if (res.headersSent) {
    // Half an answer must not look like a whole one.
    if (!isExpected(error)) logger.error({ err: error }, 'a request failed in the middle of its answer');
    res.destroy();
    return;
  }
  if (error instanceof AuthorizationFailure) return await authorizationFailed(exchange, error, logger);
  await sendError(exchange, statusOf(error, logger));
}

/** In plain text, as kube-apiserver's filter answers it: neither a 403, which would be a lie, nor a Status. */
async function authorizationFailed(exchange: Exchange, error: AuthorizationFailure, logger: Logger): Promise<void> {
  logger.warn({ err: error }, 'who may do what could not be found out');
  exchange.res.setHeader('X-Content-Type-Options', 'nosniff');
  await sendText(exchange, 500, `Internal Server Error: ${JSON.stringify(exchange.req.url)}: ${error.message}\n`);
}

/** True for what is a mistake of ours, and no answer that somebody meant. */
export function isFault(error: unknown): boolean {
  const meant = error instanceof StatusError || error instanceof RequestEnded || error instanceof AuthorizationFailure;
  return !meant && !(error instanceof Error && error.name === 'StoreUnavailable');
}

function statusOf(error: unknown, logger: Logger): StatusError {
  if (error instanceof StatusError) {
    if (error.code >= 500) logger.warn({ err: error }, 'a request was answered with an error of the server');
    return error;
  }
  if (error instanceof RequestEnded) {
    return error.end === 'shutdown'
      ? errors.serviceUnavailable('the server is shutting down', 1)
      : errors.gatewayTimeout('request did not complete within the allotted timeout');
  }
  if (error instanceof Error && error.name === 'StoreUnavailable') {
    logger.warn({ err: error }, 'the store is not available');
    return errors.serviceUnavailable(`the store is not available: ${error.message}`, 1);
  }
  logger.error({ err: error }, 'a request met a fault of the server');
  return errors.internal('the server met a fault of its own; its log has the cause under this Audit-Id');
}

function isExpected(error: unknown): boolean {
  return error instanceof RequestEnded || error instanceof StatusError;
}

/** Plain text, as kube-apiserver's filter answers it. */
export async function tooManyRequests(exchange: Exchange): Promise<void> {
  exchange.res.setHeader('Retry-After', 1);
  await sendText(exchange, 429, 'Too many requests, please try again later.\n');
}

/** A path that nothing is served at. */
export async function notFound(exchange: Exchange): Promise<void> {
  exchange.res.setHeader('X-Content-Type-Options', 'nosniff');
  await sendText(exchange, 404, '404 page not found\n');
}
