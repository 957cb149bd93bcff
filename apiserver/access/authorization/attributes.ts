import { errors, type StatusError } from '../../../openapi/machinery/errors.ts';
import type { RequestInfo, UserInfo } from '../../request/info.ts';

/** One question to authorization: may this user do this? */
export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly target: ResourceTarget | PathTarget;
}

export interface ResourceTarget {
  readonly kind: 'resource';
  /** '' is all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Of lists and watches, as the client sent it; '' when none. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

export interface PathTarget {
  readonly kind: 'path';
  readonly path: string;
}

export type Decision =
  | { readonly kind: 'allowed'; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string }
  /** Nothing speaks for it; `reason` is '' or says what could not be looked up. */
  | { readonly kind: 'no opinion'; readonly reason: string };

export interface Authorizer {
  authorize(attributes: Attributes): Promise<Decision>;
}

export function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  const { verb, namespace, group, version, resource, subresource, name, path } = info;
  if (!info.isResource) return { user, verb, target: { kind: 'path', path } };
  const fieldSelector = info.query.get('fieldSelector') ?? '';
  const labelSelector = info.query.get('labelSelector') ?? '';
  return {
    user,
    verb,
    target: { kind: 'resource', namespace, group, version, resource, subresource, name, fieldSelector, labelSelector },
  };
}

/** In Kubernetes' words, which people search for and programs show. */
export function forbidden(attributes: Attributes, reason: string): StatusError {
  const { user, verb, target } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  const because = reason === '' ? '' : `: ${reason}`;
  if (target.kind === 'path') {
    return errors.forbidden(undefined, '', `${who} path ${JSON.stringify(target.path)}${because}`);
  }
  const resource = target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`;
  const where =
    target.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(target.namespace)}`;
  return errors.forbidden(
    { group: target.group, plural: target.resource },
    target.name,
    `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(target.group)} ${where}${because}`,
  );
}
