import type { IncomingMessage } from 'node:http';
import { isAlias, isMap, isPair, isSeq, type Node, parseDocument } from 'yaml';
import { errors } from '../../openapi/machinery/errors.ts';
import { type JsonBody, JsonError, readJson } from '../../openapi/machinery/json.ts';

const STRUCTURED = ['application/json', 'application/yaml'];

export function mediaTypeOf(req: IncomingMessage): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Parses a JSON or YAML body; a missing Content-Type means JSON, because older Kubernetes clients send none with a
 * DELETE. Undefined for an empty body.
 * @throws StatusError 415 for other media types, 400 for what cannot be read.
 */
export function parseBody(bytes: Buffer, mediaType: string): JsonBody | undefined {
  if (mediaType !== '' && !STRUCTURED.includes(mediaType)) throw errors.unsupportedMediaType(STRUCTURED);
  if (bytes.length === 0) return undefined;
  return mediaType === 'application/yaml' ? parseYaml(bytes) : parseJson(bytes);
}

export function parseJson(bytes: Buffer | string): JsonBody {
  try {
    return readJson(bytes);
  } catch (error) {
    if (error instanceof JsonError) throw errors.badRequest(error.message);
    throw error;
  }
}

/** How often aliases may repeat what they stand for; more is an attempt to blow a small body up. */
const MOST_ALIASES = 100;

function parseYaml(bytes: Buffer): JsonBody | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw errors.badRequest('the body is not valid UTF-8');
  }
  const document = parseDocument(text, { uniqueKeys: false, merge: true, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) throw errors.badRequest(`the body is not valid YAML: ${problem.message}`);
  if (document.contents === null) return undefined;
  let json: string;
  try {
    // Through JSON text, so that what JSON cannot say is gone and the rules of every body hold here too.
    json = JSON.stringify(document.toJS({ maxAliasCount: MOST_ALIASES })) ?? 'null';
  } catch (error) {
    throw errors.badRequest(`the body is not usable as YAML: ${(error as Error).message}`);
  }
  return { value: parseJson(json).value, duplicates: duplicatesOf(document.contents, '') };
}

function duplicatesOf(node: Node | null, path: string): string[] {
  if (node === null || isAlias(node)) return [];
  if (isSeq(node)) return node.items.flatMap((item, index) => duplicatesOf(item as Node, `${path}[${index}]`));
  if (!isMap(node)) return [];
  const found: string[] = [];
  const seen = new Set<string>();
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const key = String(pair.key);
    const at = path === '' ? key : `${path}.${key}`;
    if (seen.has(key)) found.push(at);
    seen.add(key);
    found.push(...duplicatesOf(pair.value as Node | null, at));
  }
  return found;
}
