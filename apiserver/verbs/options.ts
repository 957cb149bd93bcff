import { errors, type FieldError, field } from '../../openapi/machinery/errors.ts';
import { isJsonObject, type JsonObject } from '../../openapi/machinery/json-value.ts';
import type { WrittenPart } from '../registry/update.ts';
import type { RequestContext } from '../request/context.ts';

/** Options of writes, from the query or (for deletes) the body. A wrong one is 422 on the options' kind. */
export interface WriteOptions {
  /** Run everything, store nothing. */
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagation: Propagation | undefined;
  readonly preconditions: Preconditions;
  /** orphanDependents=false: who uses the old spelling is told with 202 that the object is still there. */
  readonly answersAccepted: boolean;
}

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

const LONGEST_MANAGER = 128;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const VALIDATIONS = ['Ignore', 'Strict', 'Warn'];
const PROPAGATIONS = ['Background', 'Foreground', 'Orphan'];

/** Parses the options of a create, update or patch. `fallback` is what an absent fieldValidation means. */
export function writeOptions(
  context: RequestContext,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  fallback: FieldValidation,
  use: 'write' | 'apply' = 'write',
): WriteOptions {
  const { query } = context.info;
  const problems: FieldError[] = [];
  const dryRun = parseDryRun(query.getAll('dryRun'), problems);
  const manager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > LONGEST_MANAGER) {
    problems.push(field.tooLong('fieldManager', manager, LONGEST_MANAGER));
  } else if (UNPRINTABLE.test(manager)) {
    problems.push(field.invalid('fieldManager', manager, 'should only contain printable characters'));
  }
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && !VALIDATIONS.includes(validation)) {
    problems.push(field.notSupported('fieldValidation', validation, VALIDATIONS));
  }
  if (use === 'apply' && manager === '') problems.push(field.required('fieldManager', 'is required for apply patch'));
  if (use !== 'apply' && query.has('force')) {
    problems.push(field.forbidden('force', 'may not be specified for non-apply patch'));
  }
  refuse(kind, problems);
  return {
    dryRun,
    fieldManager: manager === '' ? managerOfAgent(context) : manager,
    fieldValidation: validation === '' ? fallback : (validation as FieldValidation),
  };
}

export interface ApplyOptions extends WriteOptions {
  /** Takes over fields of other managers. */
  readonly force: boolean;
}

/** The options of an apply, which has to say who applies. */
export function applyOptions(context: RequestContext): ApplyOptions {
  const options = writeOptions(context, 'PatchOptions', 'Warn', 'apply');
  return { ...options, force: booleanOf(context.info.query.get('force')) };
}

/**
 * What an absent fieldValidation means. Kubernetes warns, and so do we for its own kinds. What people write of ours is
 * refused: a machine that boots without the disk that was misspelled is worse than an error. Status is written by
 * programs, of which one may be newer than this server (docs/decisions/0001-unknown-fields-are-refused.md).
 */
export function defaultValidation(group: string, part: WrittenPart = 'main'): FieldValidation {
  return group === 'torpor.dev' && part === 'main' ? 'Strict' : 'Warn';
}

/** Body over query, as Kubernetes has it. `body` is undefined when the request had none. @throws StatusError 400, 422. */
export function deleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const sent = body === undefined ? fromQuery(query) : fromBody(body);
  const problems: FieldError[] = [];
  const dryRun = parseDryRun(sent.dryRun, problems);
  const { gracePeriodSeconds, propagationPolicy: policy, orphanDependents } = sent;
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds < 0) {
    problems.push(field.invalid('gracePeriodSeconds', gracePeriodSeconds, 'must be greater than or equal to 0'));
  }
  if (policy !== undefined && !PROPAGATIONS.includes(policy)) {
    problems.push(field.notSupported('propagationPolicy', policy, [...PROPAGATIONS, 'nil']));
  }
  if (orphanDependents !== undefined && policy !== undefined) {
    problems.push(
      field.invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  refuse('DeleteOptions', problems);
  const legacy = orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background';
  return {
    dryRun,
    gracePeriodSeconds,
    propagation: legacy ?? (policy as Propagation | undefined),
    preconditions: sent.preconditions,
    answersAccepted: orphanDependents === false,
  };
}

/** Absent, `false` and `0` are false; anything else is true, as in Go's query conversion. */
export function booleanOf(text: string | null): boolean {
  return text !== null && text !== 'false' && text !== '0';
}

/** DeleteOptions with the types that they have, not yet judged. */
interface SentDeleteOptions {
  readonly dryRun: readonly string[];
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly preconditions: Preconditions;
}

function fromQuery(query: URLSearchParams): SentDeleteOptions {
  const grace = query.get('gracePeriodSeconds') ?? '';
  if (grace !== '' && !/^-?\d{1,15}$/.test(grace)) {
    throw errors.badRequest(`invalid gracePeriodSeconds ${JSON.stringify(grace)}: must be a whole number`);
  }
  return {
    dryRun: query.getAll('dryRun'),
    gracePeriodSeconds: grace === '' ? undefined : Number(grace),
    propagationPolicy: query.get('propagationPolicy') || undefined,
    orphanDependents: query.has('orphanDependents') ? booleanOf(query.get('orphanDependents')) : undefined,
    preconditions: {},
  };
}

/** A wrong type must not make a precondition vanish: 400, as for every body that cannot be decoded. */
function fromBody(body: JsonObject): SentDeleteOptions {
  const { preconditions: conditions = null } = body;
  if (conditions !== null && !isJsonObject(conditions)) throw wrongType('preconditions', 'an object');
  const { dryRun = null } = body;
  if (dryRun !== null && !(Array.isArray(dryRun) && dryRun.every((one) => typeof one === 'string'))) {
    throw wrongType('dryRun', 'a list of strings');
  }
  const uid = member(conditions ?? {}, 'uid', isString, 'a string', 'preconditions.');
  const resourceVersion = member(conditions ?? {}, 'resourceVersion', isString, 'a string', 'preconditions.');
  return {
    dryRun: (dryRun ?? []) as readonly string[],
    gracePeriodSeconds: member(body, 'gracePeriodSeconds', isInteger, 'a whole number'),
    propagationPolicy: member(body, 'propagationPolicy', isString, 'a string'),
    orphanDependents: member(body, 'orphanDependents', isBoolean, 'true or false'),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const wrongType = (name: string, wanted: string) =>
  errors.badRequest(`the DeleteOptions cannot be read: ${name} must be ${wanted}`);

/** Null counts as absent. */
function member<T>(
  object: JsonObject,
  name: string,
  is: (value: unknown) => value is T,
  wanted: string,
  path = '',
): T | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined || is(value)) return value;
  throw wrongType(path + name, wanted);
}

function parseDryRun(values: readonly string[], problems: FieldError[]): boolean {
  if (values.some((value) => value !== 'All')) problems.push(field.notSupported('dryRun', values, ['All']));
  return values.length > 0;
}

/** Without a fieldManager the first word of the User-Agent stands in. */
function managerOfAgent(context: RequestContext): string {
  const agent = context.req.headers['user-agent'] ?? '';
  const printable = (agent.split('/', 1)[0] ?? '').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '');
  return (
    Buffer.from(printable)
      .subarray(0, LONGEST_MANAGER)
      .toString('utf8')
      .replace(/\uFFFD$/, '') || 'unknown'
  );
}

function refuse(kind: string, problems: readonly FieldError[]): void {
  if (problems.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind }, '', problems);
}
