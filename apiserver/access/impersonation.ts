import type { IncomingMessage } from 'node:http';
import { errors } from '../../openapi/machinery/errors.ts';
import type { UserInfo } from '../request/info.ts';
import { reservedName } from './authentication/reserved.ts';
import { type Attributes, type Authorizer, forbidden, type ResourceTarget } from './authorization/attributes.ts';

const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * Acting for somebody else (`kubectl --as`). Every part of the other identity needs the verb `impersonate`; the headers
 * are never ignored, since a caller that sends them must not act with rights of its own. Names of our own parts are for
 * administrators alone, whatever a rule says: they give rights that no rule gives.
 */
export function createImpersonation(
  authorizer: Authorizer,
): (user: UserInfo, req: IncomingMessage) => Promise<UserInfo> {
  return async (user, req) => {
    const wanted = requested(req);
    if (wanted === undefined) return user;
    const reserved = user.groups.includes('system:masters') ? undefined : reservedName(wanted);
    for (const target of parts(wanted)) {
      const attributes: Attributes = { user, verb: 'impersonate', target };
      if (reserved !== undefined && target.name === reserved) {
        throw forbidden(
          attributes,
          "the name is reserved for Torpor's own parts; only system:masters may act for them",
        );
      }
      const decision = await authorizer.authorize(attributes);
      if (decision.kind !== 'allowed') throw forbidden(attributes, decision.reason);
    }
    return withStandardGroups(wanted);
  };
}

/** @throws StatusError 400 when there is a group, uid or extra but no user. */
function requested(req: IncomingMessage): UserInfo | undefined {
  let name = '';
  let uid: string | undefined;
  const groups: string[] = [];
  const extra: Record<string, string[]> = Object.create(null);
  let any = false;
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const key = (req.rawHeaders[at] ?? '').toLowerCase();
    if (!key.startsWith('impersonate-')) continue;
    const value = Buffer.from(req.rawHeaders[at + 1] ?? '', 'latin1').toString('utf8');
    any = true;
    if (key === 'impersonate-user') name = value;
    else if (key === 'impersonate-uid') uid = value;
    else if (key === 'impersonate-group') groups.push(value);
    else if (key.startsWith('impersonate-extra-')) {
      const decoded = unescaped(key.slice('impersonate-extra-'.length));
      extra[decoded] ??= [];
      extra[decoded].push(value);
    }
  }
  if (!any) return undefined;
  if (name === '')
    throw errors.badRequest('requested impersonation without Impersonate-User: name the user to act for');
  return { name, ...(uid === undefined ? {} : { uid }), groups, extra };
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function* parts(wanted: UserInfo): Generator<ResourceTarget> {
  const account = serviceAccount.exec(wanted.name);
  if (account) yield target('', 'serviceaccounts', account[2] ?? '', account[1] ?? '');
  else yield target('', 'users', wanted.name);
  for (const group of wanted.groups) yield target('', 'groups', group);
  if (wanted.uid !== undefined) yield target('authentication.k8s.io', 'uids', wanted.uid);
  for (const [key, values] of Object.entries(wanted.extra)) {
    for (const value of values) yield target('authentication.k8s.io', 'userextras', value, '', key);
  }
}

function target(group: string, resource: string, name: string, namespace = '', subresource = ''): ResourceTarget {
  const selectors = { fieldSelector: '', labelSelector: '' };
  return { kind: 'resource', namespace, group, version: 'v1', resource, subresource, name, ...selectors };
}

/** As if the other one had come itself. */
function withStandardGroups(user: UserInfo): UserInfo {
  const groups = [...user.groups];
  const account = serviceAccount.exec(user.name);
  if (account && groups.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${account[1]}`);
  const standard = user.name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  if (!groups.includes(standard)) groups.push(standard);
  return { ...user, groups };
}
