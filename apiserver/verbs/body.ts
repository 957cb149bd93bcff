import type { IncomingMessage } from 'node:http';
import { errors } from '../../openapi/machinery/errors.ts';
import { type JsonBody, JsonError, readJsonInSlices } from '../../openapi/machinery/json.ts';
import { YamlThread } from './yaml-thread.ts';

/** The request that a body belongs to; one that is over has nothing read for it any more. */
type Ending = { readonly signal: AbortSignal };

const STRUCTURED = ['application/json', 'application/yaml'];

export function mediaTypeOf(req: IncomingMessage): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Parses a JSON or YAML body; a missing Content-Type means JSON, because older Kubernetes clients send none with a
 * DELETE. Undefined for an empty body.
 * @throws StatusError 415 for other media types, 400 for what cannot be read.
 */
export async function parseBody(bytes: Buffer, mediaType: string, request?: Ending): Promise<JsonBody | undefined> {
  if (mediaType !== '' && !STRUCTURED.includes(mediaType)) throw errors.unsupportedMediaType(STRUCTURED);
  if (bytes.length === 0) return undefined;
  return mediaType === 'application/yaml' ? parseYaml(bytes, request) : parseJson(bytes);
}

/** @throws StatusError 400. */
export async function parseJson(bytes: Buffer): Promise<JsonBody> {
  try {
    return await readJsonInSlices(bytes);
  } catch (error) {
    if (error instanceof JsonError) throw errors.badRequest(error.message);
    throw error;
  }
}

const thread = new YamlThread();

/** Undefined for a text without a document. @throws StatusError 400, 429 when too many such bodies come at once. */
export async function parseYaml(bytes: Buffer, request?: Ending): Promise<JsonBody | undefined> {
  // JSON is YAML too, and what most clients send under that name.
  if (bytes[0] === 0x7b) {
    try {
      return await readJsonInSlices(bytes);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      if (error.kind === 'rule') throw errors.badRequest(error.message);
      // Then the thread says what it is.
    }
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw errors.badRequest('the body is not valid UTF-8');
  }
  const outcome = await thread.read(text, request?.signal);
  switch (outcome.kind) {
    case 'json': {
      const { value } = await parseJson(Buffer.from(outcome.json));
      return { value, duplicates: outcome.duplicates };
    }
    case 'empty':
      return undefined;
    case 'wrong':
      throw errors.badRequest(outcome.why);
    case 'busy':
      throw errors.tooManyRequests('too many YAML bodies at once; send JSON, or try again');
    default:
      return outcome satisfies never;
  }
}
