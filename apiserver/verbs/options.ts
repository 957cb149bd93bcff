import { errors, type FieldError, field } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
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
  if (query.has('force')) problems.push(field.forbidden('force', 'may not be specified for non-apply patch'));
  refuse(kind, problems);
  return {
    dryRun,
    fieldManager: manager === '' ? managerOfAgent(context) : manager,
    fieldValidation: validation === '' ? fallback : (validation as FieldValidation),
  };
}

/**
 * What an absent fieldValidation means. Kubernetes warns, and so do we for its own kinds. What people write of ours is
 * refused: a machine that boots without the disk that was misspelled is worse than an error. Status is written by
 * programs, of which one may be newer than this server (docs/decisions/0001-unknown-fields-are-refused.md).
 */
export function defaultValidation(group: string, part: WrittenPart = 'main'): FieldValidation {
  return group === 'torpor.dev' && part === 'main' ? 'Strict' : 'Warn';
}

/** Body over query, as Kubernetes has it. `body` is undefined when the request had none. */
export function deleteOptions(body: KubernetesObject | undefined, query: URLSearchParams): DeleteOptions {
  const problems: FieldError[] = [];
  const from = (body ?? fromQuery(query)) as unknown as Record<string, unknown>;
  const dryRun = parseDryRun(stringsOf(from.dryRun), problems);
  const grace = from.gracePeriodSeconds;
  if (grace !== undefined && grace !== null && !(Number.isSafeInteger(grace) && (grace as number) >= 0)) {
    problems.push(field.invalid('gracePeriodSeconds', grace, 'must be a non-negative integer'));
  }
  const policy = from.propagationPolicy ?? undefined;
  if (policy !== undefined && !PROPAGATIONS.includes(policy as string)) {
    problems.push(field.notSupported('propagationPolicy', policy, [...PROPAGATIONS, 'nil']));
  }
  const orphan = from.orphanDependents ?? undefined;
  if (orphan !== undefined && policy !== undefined) {
    problems.push(
      field.invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  const preconditions = preconditionsOf(from.preconditions, problems);
  refuse('DeleteOptions', problems);
  return {
    dryRun,
    gracePeriodSeconds: (grace as number | null | undefined) ?? undefined,
    propagation: orphan === undefined ? (policy as Propagation | undefined) : orphan === true ? 'Orphan' : 'Background',
    preconditions,
  };
}

/** Absent, `false` and `0` are false; anything else is true, as in Go's query conversion. */
export function booleanOf(text: string | null): boolean {
  return text !== null && text !== 'false' && text !== '0';
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const grace = query.get('gracePeriodSeconds');
  return {
    dryRun: query.getAll('dryRun'),
    ...(grace === null || grace === '' ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(query.get('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy') } : {}),
    ...(query.has('orphanDependents') ? { orphanDependents: booleanOf(query.get('orphanDependents')) } : {}),
  };
}

function preconditionsOf(value: unknown, problems: FieldError[]): Preconditions {
  if (value === undefined || value === null) return {};
  const { uid, resourceVersion } = value as Record<string, unknown>;
  for (const [name, one] of Object.entries({ uid, resourceVersion })) {
    if (one !== undefined && one !== null && typeof one !== 'string') {
      problems.push(field.typeInvalid(`preconditions.${name}`, one, 'must be a string'));
    }
  }
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

function parseDryRun(values: readonly string[], problems: FieldError[]): boolean {
  if (values.some((value) => value !== 'All')) problems.push(field.notSupported('dryRun', values, ['All']));
  return values.length > 0;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined || value === null ? [] : [String(value)];
}

/** Without a fieldManager the first word of the User-Agent stands in. */
function managerOfAgent(context: RequestContext): string {
  const agent = context.req.headers['user-agent'] ?? '';
  return (agent.split('/', 1)[0] ?? '').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').slice(0, LONGEST_MANAGER) || 'unknown';
}

function refuse(kind: string, problems: readonly FieldError[]): void {
  if (problems.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind }, '', problems);
}
