import { causesOf, type FieldError, fieldErrorsText, quote } from './field-error.ts';
import type { Status, StatusCause, StatusDetails } from './object.ts';

export { type FieldError, type FieldErrorType, field, fieldErrorText, MOST_FIELD_ERRORS } from './field-error.ts';

/**
 * Every error that the API answers, in one table: HTTP code and Kubernetes reason. Clients decide by the reason (retry,
 * relist, give up), so nothing outside this file makes a Status of its own. What reaches the edge and is no StatusError
 * is a fault of ours: 500 and a log line.
 */
export const errorTable = {
  badRequest: { code: 400, reason: 'BadRequest' },
  unauthorized: { code: 401, reason: 'Unauthorized' },
  forbidden: { code: 403, reason: 'Forbidden' },
  namespaceTerminating: { code: 403, reason: 'Forbidden' },
  notAdmitted: { code: 403, reason: 'Forbidden' },
  notFound: { code: 404, reason: 'NotFound' },
  unknownResource: { code: 404, reason: 'NotFound' },
  methodNotAllowed: { code: 405, reason: 'MethodNotAllowed' },
  unknownMethod: { code: 405, reason: 'MethodNotAllowed' },
  notAcceptable: { code: 406, reason: 'NotAcceptable' },
  alreadyExists: { code: 409, reason: 'AlreadyExists' },
  generateNameConflict: { code: 409, reason: 'AlreadyExists' },
  conflict: { code: 409, reason: 'Conflict' },
  applyConflict: { code: 409, reason: 'Conflict' },
  preconditionFailed: { code: 409, reason: 'Conflict' },
  expired: { code: 410, reason: 'Expired' },
  gone: { code: 410, reason: 'Gone' },
  requestTooLarge: { code: 413, reason: 'RequestEntityTooLarge' },
  unsupportedMediaType: { code: 415, reason: 'UnsupportedMediaType' },
  invalid: { code: 422, reason: 'Invalid' },
  unprocessable: { code: 422, reason: 'Invalid' },
  tooManyRequests: { code: 429, reason: 'TooManyRequests' },
  internal: { code: 500, reason: 'InternalError' },
  serverTimeout: { code: 500, reason: 'ServerTimeout' },
  serviceUnavailable: { code: 503, reason: 'ServiceUnavailable' },
  gatewayTimeout: { code: 504, reason: 'Timeout' },
  resourceVersionTooLarge: { code: 504, reason: 'Timeout' },
} as const;

export type ErrorName = keyof typeof errorTable;

/** A Status on its way to the client, or one that a server answered. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;
  readonly code: number;
  readonly reason: string;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'the server answered an error without a message', options);
    this.status = status;
    this.code = status.code ?? 500;
    this.reason = status.reason ?? '';
  }

  get retryAfterSeconds(): number | undefined {
    return this.status.details?.retryAfterSeconds;
  }

  get causes(): readonly StatusCause[] {
    return this.status.details?.causes ?? [];
  }
}

/** Asks by the name in the table: `isError(error, 'notFound')`. By reason first, as client-go does. */
export function isError(error: unknown, name: ErrorName): error is StatusError {
  if (!(error instanceof StatusError)) return false;
  const { code, reason } = errorTable[name];
  return error.reason === '' ? error.code === code : error.reason === reason;
}

/** Plural resource and group, for example a ResourceDefinition. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

const dotted = (name: string, group: string) => (group ? `${name}.${group}` : name);
const resourceText = (resource: GroupResource) => dotted(resource.plural, resource.group);

function details(of: { name?: string; group: string; kind: string }, more: StatusDetails = {}): StatusDetails {
  return {
    ...(of.name ? { name: of.name } : {}),
    ...(of.group ? { group: of.group } : {}),
    ...(of.kind ? { kind: of.kind } : {}),
    ...more,
  };
}

const ofResource = (resource: GroupResource, name: string, more?: StatusDetails) =>
  details({ name, group: resource.group, kind: resource.plural }, more);

function make(name: ErrorName, message: string, detail?: StatusDetails, continueToken?: string): StatusError {
  const { code, reason } = errorTable[name];
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: continueToken ? { continue: continueToken } : {},
    status: 'Failure',
    message,
    reason,
    ...(detail ? { details: detail } : {}),
    code,
  });
}

const htmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeHtml = (text: string) => text.replace(/[&<>]/g, (character) => htmlEscapes[character] ?? character);
const retryAfter = (seconds: number | undefined): StatusDetails | undefined =>
  seconds === undefined ? undefined : { retryAfterSeconds: seconds };

/** The only way to make an error answer. Names equal those of the table. */
export const errors = {
  badRequest: (message: string) => make('badRequest', message),

  unauthorized: (message = 'Unauthorized') => make('unauthorized', message),

  /** `why` is for example `User "u" cannot get resource "x" in API group "g" at the cluster scope`. */
  forbidden: (resource: GroupResource | undefined, name: string, why: string) => {
    if (!resource?.plural) return make('forbidden', `forbidden: ${escapeHtml(why)}`, {});
    const subject = name ? `${resourceText(resource)} ${quote(name)}` : resourceText(resource);
    return make('forbidden', escapeHtml(`${subject} is forbidden: ${why}`), ofResource(resource, name));
  },

  /** A rule of admission speaks against it, in its own words; nothing of them is escaped, as upstream has it. */
  notAdmitted: (resource: GroupResource, name: string, why: string) =>
    make(
      'notAdmitted',
      `${name ? `${resourceText(resource)} ${quote(name)}` : resourceText(resource)} is forbidden: ${why}`,
      ofResource(resource, name),
    ),

  /** Controllers key on the cause, not on the text. */
  namespaceTerminating: (resource: GroupResource, name: string, namespace: string) =>
    make(
      'namespaceTerminating',
      `${name ? `${resourceText(resource)} ${quote(name)}` : resourceText(resource)} is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      ofResource(resource, name, {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      }),
    ),

  notFound: (resource: GroupResource, name: string) =>
    make('notFound', `${resourceText(resource)} ${quote(name)} not found`, ofResource(resource, name)),

  /** An unknown resource inside a group version that is served. */
  unknownResource: () => make('unknownResource', 'the server could not find the requested resource', {}),

  /** `action` is for example 'create'. */
  methodNotAllowed: (resource: GroupResource, action: string) =>
    make(
      'methodNotAllowed',
      `${action} is not supported on resources of kind ${quote(resourceText(resource))}`,
      ofResource(resource, ''),
    ),

  unknownMethod: () => make('unknownMethod', 'the server does not allow this method on the requested resource', {}),

  notAcceptable: (accepted: readonly string[]) =>
    make('notAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`),

  /** `terminating`: the name is still taken by an object that is being deleted. */
  alreadyExists: (resource: GroupResource, name: string, terminating = false) =>
    make(
      'alreadyExists',
      `${terminating ? 'object is being deleted: ' : ''}${resourceText(resource)} ${quote(name)} already exists`,
      ofResource(resource, name),
    ),

  generateNameConflict: (resource: GroupResource, name: string) =>
    make(
      'generateNameConflict',
      `${resourceText(resource)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
      ofResource(resource, name, { retryAfterSeconds: 1 }),
    ),

  /** Without `why`: the resource version is stale. `causes` say what stands in the way when it is something else. */
  conflict: (resource: GroupResource, name: string, why?: string, causes?: readonly StatusCause[]) =>
    make(
      'conflict',
      `Operation cannot be fulfilled on ${resourceText(resource)} ${quote(name)}: ${
        why ?? 'the object has been modified; please apply your changes to the latest version and try again'
      }`,
      ofResource(resource, name, causes && causes.length > 0 ? { causes: [...causes] } : {}),
    ),

  /** Fields that others own; one cause for each, from which kubectl says what can be done. */
  applyConflict: (message: string, causes: readonly StatusCause[]) =>
    make('applyConflict', message, { causes: [...causes] }),

  preconditionFailed: (kind: GroupKind & GroupResource, name: string, why: string) =>
    make(
      'preconditionFailed',
      `Operation cannot be fulfilled on ${resourceText(kind)} ${quote(name)}: Precondition failed: ${why}`,
      details({ name, group: kind.group, kind: kind.kind }),
    ),

  /** `continueToken` lets a list go on, inconsistently, at the newest revision. */
  expired: (message: string, continueToken?: string) => make('expired', message, undefined, continueToken),

  gone: (message: string) => make('gone', message),

  requestTooLarge: (limitBytes: number) => make('requestTooLarge', `Request entity too large: limit is ${limitBytes}`),

  unsupportedMediaType: (accepted: readonly string[]) =>
    make(
      'unsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    ),

  invalid: (kind: GroupKind, name: string, list: readonly FieldError[]) =>
    make(
      'invalid',
      `${dotted(kind.kind, kind.group)} ${quote(name)} is invalid${list.length > 0 ? `: ${fieldErrorsText(list)}` : ''}`,
      details({ name, group: kind.group, kind: kind.kind }, list.length > 0 ? { causes: causesOf(list) } : {}),
    ),

  /** A JSON patch that does not apply: Kubernetes answers this text and no details, whatever the cause. */
  unprocessable: () => make('unprocessable', 'the server rejected our request due to an error in our request', {}),

  tooManyRequests: (message: string, retryAfterSeconds = 1, causes?: readonly StatusCause[]) =>
    make('tooManyRequests', message, { retryAfterSeconds, ...(causes ? { causes: [...causes] } : {}) }),

  internal: (message: string) => make('internal', `Internal error occurred: ${message}`, { causes: [{ message }] }),

  serverTimeout: (resource: GroupResource, operation: string, retryAfterSeconds = 1) =>
    make(
      'serverTimeout',
      `The ${operation} operation against ${resourceText(resource)} could not be completed at this time, please try again.`,
      ofResource(resource, '', { retryAfterSeconds }),
    ),

  serviceUnavailable: (message: string, retryAfterSeconds?: number) =>
    make('serviceUnavailable', message, retryAfter(retryAfterSeconds)),

  gatewayTimeout: (message: string, retryAfterSeconds?: number) =>
    make('gatewayTimeout', `Timeout: ${message}`, retryAfter(retryAfterSeconds)),

  resourceVersionTooLarge: (wanted: string, current: string) =>
    make('resourceVersionTooLarge', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    }),
} as const satisfies Record<ErrorName, (...args: never[]) => StatusError>;

const reasonOfCode: Readonly<Record<number, string>> = Object.fromEntries(
  Object.values(errorTable)
    .map(({ code, reason }) => [code, reason] as const)
    .reverse(),
);

/** The error of an answer that is no Status: HTML of a proxy, plain text, an empty body. `text` is cut to 2,048 characters. */
export function errorOfResponse(code: number, text: string, retryAfterSeconds?: number): StatusError {
  const shown = text.trim().slice(0, 2048);
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: shown || `the server answered HTTP ${code} without a body`,
    reason: reasonOfCode[code] ?? '',
    details: {
      causes: [{ reason: 'UnexpectedServerResponse', message: shown }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
    code,
  });
}
