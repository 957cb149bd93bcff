import { randomUUID } from 'node:crypto';
import { errors, StatusError } from '../../../openapi/machinery/errors.ts';
import { readJson } from '../../../openapi/machinery/json.ts';
import { isJsonObject } from '../../../openapi/machinery/json-value.ts';
import type { KubernetesObject, Status } from '../../../openapi/machinery/object.ts';
import type { AdmissionRequest } from '../request.ts';

/**
 * AdmissionReview, the question that a webhook is asked and its answer. v1beta1 is the same but for what an answer must
 * have.
 */
export type ReviewVersion = 'v1' | 'v1beta1';

type ReviewRequest = ReturnType<typeof requestDocument> & {
  readonly uid: string;
  readonly object: KubernetesObject | null;
  readonly oldObject: KubernetesObject | null;
};

export interface AdmissionReview {
  readonly kind: 'AdmissionReview';
  readonly apiVersion: string;
  readonly request: ReviewRequest;
}

/** What a webhook decided. */
export interface Verdict {
  readonly allowed: boolean;
  /** What it said of a refusal. */
  readonly status: Partial<Status> | undefined;
  /** A JSON patch that has been parsed, but not looked at. */
  readonly patch: unknown;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The answer of a webhook is none; failurePolicy says what that means. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

const GROUP = 'admission.k8s.io';

/** The first version of the webhook's list that is known; undefined when there is none. */
export function reviewVersion(versions: readonly string[] | undefined): ReviewVersion | undefined {
  return versions?.find((one): one is ReviewVersion => one === 'v1' || one === 'v1beta1');
}

/** What all webhooks are told of a request; also what CEL expressions call `request`, which leave the objects out. */
export function requestDocument(request: AdmissionRequest) {
  const { kind, resource, subresource, name, namespace, operation, user, dryRun, options } = request;
  return {
    kind,
    resource,
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kind,
    requestResource: resource,
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
    },
    dryRun,
    options: options ?? null,
  };
}

export function buildReview(
  version: ReviewVersion,
  request: AdmissionRequest,
  object: KubernetesObject | undefined,
): AdmissionReview {
  return {
    kind: 'AdmissionReview',
    apiVersion: `${GROUP}/${version}`,
    request: {
      uid: randomUUID(),
      ...requestDocument(request),
      object: object ?? null,
      oldObject: request.old ?? null,
    },
  };
}

/** @throws UnusableAnswer when it is no answer to this question. */
export function readVerdict(review: AdmissionReview, answer: unknown, kind: 'mutating' | 'validating'): Verdict {
  if (!isJsonObject(answer)) throw new UnusableAnswer('the answer is no AdmissionReview');
  const { response } = answer;
  const strict = review.apiVersion === `${GROUP}/v1`;
  if (strict && (answer.kind !== 'AdmissionReview' || answer.apiVersion !== review.apiVersion)) {
    const got = `${text(answer.apiVersion)}, Kind=${text(answer.kind)}`;
    throw new UnusableAnswer(`expected webhook response of ${review.apiVersion}, Kind=AdmissionReview, got ${got}`);
  }
  if (!isJsonObject(response)) throw new UnusableAnswer('webhook response was absent');
  const { uid, allowed, patch, patchType, status, warnings, auditAnnotations } = response;
  if (strict && uid !== review.request.uid) {
    throw new UnusableAnswer(`expected response.uid=${text(review.request.uid)}, got ${text(uid)}`);
  }
  if (typeof allowed !== 'boolean') throw new UnusableAnswer('response.allowed is not a boolean');
  return {
    allowed,
    status: isJsonObject(status) ? (status as Partial<Status>) : undefined,
    patch: patchOf(patch ?? '', patchType ?? undefined, kind, strict),
    warnings: Array.isArray(warnings) ? warnings.filter((one) => typeof one === 'string') : [],
    auditAnnotations: isJsonObject(auditAnnotations)
      ? Object.fromEntries(
          Object.entries(auditAnnotations).filter((one): one is [string, string] => typeof one[1] === 'string'),
        )
      : {},
  };
}

const text = (value: unknown) => JSON.stringify(value ?? '');

function patchOf(patch: unknown, type: unknown, kind: 'mutating' | 'validating', strict: boolean): unknown {
  const empty = patch === '';
  if (kind === 'validating') {
    if (strict && !empty) throw new UnusableAnswer('validating webhook may not return response.patch');
    if (strict && type !== undefined) throw new UnusableAnswer('validating webhook may not return response.patchType');
    return undefined;
  }
  if (strict && !empty && type === undefined) {
    throw new UnusableAnswer('webhook returned response.patch but not response.patchType');
  }
  if (strict && empty && type !== undefined) {
    throw new UnusableAnswer('webhook returned response.patchType but not response.patch');
  }
  if (type !== undefined && type !== 'JSONPatch') throw new UnusableAnswer(`unsupported patch type ${text(type)}`);
  if (empty) return undefined;
  if (typeof patch !== 'string') throw new UnusableAnswer('response.patch is no text in base64');
  try {
    return readJson(Buffer.from(patch, 'base64')).value;
  } catch {
    throw new UnusableAnswer('response.patch is no JSON in base64');
  }
}

/** A refusal as the client sees it: the webhook's own status, made a failure if it is none. */
export function refusal(webhook: string, status: Partial<Status> | undefined): StatusError {
  const { code = 0, message, reason } = status ?? {};
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const words = message || reason;
  const details = isJsonObject(status?.details) ? status.details : undefined;
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: words ? `${denied}: ${words}` : `${denied} without explanation`,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code: Number.isInteger(code) && code >= 400 && code < 600 ? code : 400,
  });
}

export const dryRunUnsupported = (webhook: string): StatusError =>
  errors.badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);
