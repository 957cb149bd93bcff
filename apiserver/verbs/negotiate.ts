import type { IncomingMessage } from 'node:http';
import { errors } from '../../openapi/machinery/errors.ts';

/** How an answer is written: as which media type, and as the object itself or as one of the two views of it. */
export interface AnswerForm {
  readonly media: 'application/json' | 'application/yaml';
  readonly view: View;
  readonly pretty: boolean;
}

export type View =
  | { readonly kind: 'object' }
  | { readonly kind: 'partial'; readonly version: MetaVersion }
  | { readonly kind: 'table'; readonly version: MetaVersion; readonly rows: RowObject };

export type MetaVersion = 'v1' | 'v1beta1';
/** What stands in a table row's `object`. */
export type RowObject = 'None' | 'Metadata' | 'Object';

/** What is answered: one object, a list, a stream of events, or a kind that has no views (an access review, a view). */
export type AnswerShape = 'object' | 'list' | 'watch' | 'plain';

const ACCEPTED = 'application/json, application/yaml';
const ACCEPTED_BY_WATCH = 'application/json, application/json;stream=watch';

/**
 * Chooses from the Accept header, in the client's order of preference; clauses that we cannot serve are skipped.
 * @throws StatusError 406 when none is left, 400 for an unknown includeObject.
 */
export function negotiate(req: IncomingMessage, query: URLSearchParams, shape: AnswerShape): AnswerForm {
  const pretty = /^(?:1|true)$/.test(query.get('pretty') ?? '');
  for (const clause of clauses(req.headers.accept ?? '')) {
    const media = mediaOf(clause, shape);
    if (media === undefined) continue;
    const view = viewOf(clause.parameters, shape, query);
    if (view !== undefined) return { media, view, pretty };
  }
  throw errors.notAcceptable([shape === 'watch' ? ACCEPTED_BY_WATCH : ACCEPTED]);
}

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function clauses(accept: string): readonly Clause[] {
  if (accept.trim() === '') return [{ type: '*/*', parameters: new Map(), quality: 1 }];
  const found: Clause[] = [];
  for (const text of accept.slice(0, 8192).split(',')) {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    if (type === '') continue;
    const parameters = new Map<string, string>();
    for (const part of rest) {
      const equals = part.indexOf('=');
      if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
    }
    const q = Number(parameters.get('q') ?? '1');
    const quality = Number.isFinite(q) ? q : 0;
    if (quality > 0) found.push({ type: type.toLowerCase(), parameters, quality });
  }
  // Array.prototype.sort is stable: equal weights keep the client's order.
  return found.sort((a, b) => b.quality - a.quality);
}

function mediaOf(clause: Clause, shape: AnswerShape): AnswerForm['media'] | undefined {
  const stream = clause.parameters.get('stream');
  if (stream !== undefined && (stream !== 'watch' || shape !== 'watch')) return undefined;
  switch (clause.type) {
    case '*/*':
    case 'application/*':
    case 'application/json':
      return 'application/json';
    case 'application/yaml':
      return shape === 'watch' ? undefined : 'application/yaml';
    default:
      return undefined;
  }
}

function viewOf(parameters: ReadonlyMap<string, string>, shape: AnswerShape, query: URLSearchParams): View | undefined {
  const as = parameters.get('as');
  if (as === undefined) return { kind: 'object' };
  const version = parameters.get('v');
  if (shape === 'plain' || parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) {
    return undefined;
  }
  switch (as) {
    case 'Table':
      return { kind: 'table', version, rows: rowObject(query.get('includeObject')) };
    case 'PartialObjectMetadata':
      return shape === 'list' ? undefined : { kind: 'partial', version };
    case 'PartialObjectMetadataList':
      return shape === 'list' ? { kind: 'partial', version } : undefined;
    default:
      return undefined;
  }
}

function rowObject(text: string | null): RowObject {
  if (text === null || text === '') return 'Metadata';
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw errors.badRequest(`unrecognized includeObject value ${JSON.stringify(text)}: use None, Metadata or Object`);
}
