import { errors } from '../../openapi/machinery/errors.ts';
import type { RequestContext } from '../request/context.ts';
import { jsonOfProtobuf, ProtobufError, protobufType } from './protobuf.ts';

/** The largest body that is read, in bytes: kube-apiserver's limit. */
export const bodyLimit = 3 * 1024 * 1024;

/**
 * The request's body, whatever its Content-Type says; Kubernetes' protobuf comes as JSON, and so does its Content-Type from
 * then on. The stream is left paused and undestroyed when the body
 * is too long, so that the answer can still be sent on the same connection before it closes.
 *
 * @throws StatusError 413 above `limit`, 400 when the client breaks off or the protobuf is broken, 415 for protobuf of
 *   kinds that are not read; the signal's reason when the request ends first.
 */
export async function readBody(
  context: Pick<RequestContext, 'req' | 'signal' | 'audit'>,
  limit = bodyLimit,
): Promise<Buffer> {
  const bytes = await jsonOrAsSent(context, limit);
  context.audit?.requestBody(bytes, context.req.headers['content-type'] ?? '');
  return bytes;
}

async function jsonOrAsSent(context: Pick<RequestContext, 'req' | 'signal'>, limit: number): Promise<Buffer> {
  const bytes = await readBytes(context, limit);
  const { headers } = context.req;
  if (!headers['content-type']?.startsWith(protobufType) || bytes.length === 0) return bytes;
  try {
    const json = jsonOfProtobuf(bytes);
    headers['content-type'] = 'application/json';
    return json;
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (error.kind === 'malformed') throw errors.badRequest(error.message);
    throw errors.unsupportedMediaType(['application/json', 'application/yaml']);
  }
}

function readBytes(context: Pick<RequestContext, 'req' | 'signal'>, limit: number): Promise<Buffer> {
  const { req, signal } = context;
  if (Number(req.headers['content-length'] ?? 0) > limit) return Promise.reject(errors.requestTooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: () => void): void => {
      req.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      req.pause();
      settle(() => reject(errors.requestTooLarge(limit)));
    };
    const onEnd = (): void =>
      settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const onBroken = (): void => settle(() => reject(errors.badRequest('the request body broke off')));
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    req.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
    signal.addEventListener('abort', onAbort);
  });
}
