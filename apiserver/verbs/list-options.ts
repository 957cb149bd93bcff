import { errors, type FieldError, field } from '../../openapi/machinery/errors.ts';
import type { Freshness } from '../../storage/cache/cache.ts';
import { type ContinueToken, decodeContinue } from '../registry/continue-token.ts';
import { booleanOf } from './options.ts';

/** What a list shows: by freshness, one exact revision, or the next page of a list before. */
export type ListShow =
  | Freshness
  | { readonly kind: 'exactly'; readonly revision: bigint }
  | { readonly kind: 'continue'; readonly token: ContinueToken };

export interface ListOptions {
  readonly show: ListShow;
  /** 0n means no limit. */
  readonly limit: number;
}

export interface WatchOptions {
  readonly resourceVersion: Version;
  /** undefined: the behaviour of old, which depends on the resourceVersion. */
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
  /** undefined: as long as the server likes. */
  readonly timeoutMs: number | undefined;
}

export type Version =
  | { readonly kind: 'unset' }
  | { readonly kind: 'zero' }
  | { readonly kind: 'number'; readonly revision: bigint };

const MATCHES = ['Exact', 'NotOlderThan'];

/**
 * The matrix of resourceVersion, resourceVersionMatch, limit and continue.
 * @throws StatusError 400 or 422 for combinations that Kubernetes refuses.
 */
export function listOptions(query: URLSearchParams): ListOptions {
  const version = versionOf(query.get('resourceVersion') ?? '');
  if (version === undefined) {
    throw errors.badRequest(`invalid resource version ${JSON.stringify(query.get('resourceVersion'))}`);
  }
  const limit = limitOf(query.get('limit') ?? '');
  // It means nothing for a list, but nonsense in it is refused as in every other option.
  timeoutOf(query.get('timeoutSeconds') ?? '');
  const match = query.get('resourceVersionMatch') ?? '';
  const token = query.get('continue') ?? '';
  const problems: FieldError[] = matchProblems(match, version, token);
  if (query.has('sendInitialEvents')) {
    problems.push(field.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  refuse(problems);
  if (token !== '') {
    if (version.kind === 'number') {
      throw errors.badRequest('specifying resource version is not allowed when using continue');
    }
    const decoded = decodeContinue(token);
    if (decoded === undefined) throw errors.badRequest('continue key is not valid: it is no token of a list before');
    return { show: { kind: 'continue', token: decoded }, limit };
  }
  return { show: shown(version, match, limit), limit };
}

function shown(version: Version, match: string, limit: number): ListShow {
  switch (version.kind) {
    case 'unset':
      return { kind: 'newest' };
    case 'zero':
      return { kind: 'any' };
    case 'number': {
      // A limit without a match means Exact: the rule of old that clients page by.
      const exact = match === 'Exact' || (match === '' && limit > 0);
      return { kind: exact ? 'exactly' : 'at-least', revision: version.revision };
    }
    default:
      return version satisfies never;
  }
}

/** @throws StatusError 422. */
export function watchOptions(query: URLSearchParams): WatchOptions {
  const text = query.get('resourceVersion') ?? '';
  const version = versionOf(text);
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents');
  const problems: FieldError[] = [];
  if (version === undefined) problems.push(field.invalid('resourceVersion', text, 'must be a decimal number'));
  if (query.get('continue')) problems.push(field.forbidden('continue', 'continue is forbidden for watch'));
  if (match !== '' && !MATCHES.includes(match))
    problems.push(field.notSupported('resourceVersionMatch', match, MATCHES));
  else if (initial === null && match !== '') {
    problems.push(
      field.forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  } else if (initial !== null && match !== 'NotOlderThan') {
    problems.push(
      field.forbidden(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    );
  }
  refuse(problems);
  return {
    resourceVersion: version ?? { kind: 'unset' },
    sendInitialEvents: initial === null ? undefined : booleanOf(initial),
    bookmarks: booleanOf(query.get('allowWatchBookmarks')),
    timeoutMs: timeoutOf(query.get('timeoutSeconds') ?? ''),
  };
}

/** Freshness of a get. @throws StatusError 400. */
export function getFreshness(query: URLSearchParams): Freshness {
  const text = query.get('resourceVersion') ?? '';
  const version = versionOf(text);
  switch (version?.kind) {
    case 'unset':
      return { kind: 'newest' };
    case 'zero':
      return { kind: 'any' };
    case 'number':
      return { kind: 'at-least', revision: version.revision };
    case undefined:
      throw errors.badRequest(`invalid resource version ${JSON.stringify(text)}`);
    default:
      return version satisfies never;
  }
}

function versionOf(text: string): Version | undefined {
  if (text === '') return { kind: 'unset' };
  if (text === '0') return { kind: 'zero' };
  // etcd's revisions are int64.
  if (!/^[1-9]\d{0,18}$/.test(text)) return undefined;
  const revision = BigInt(text);
  return revision < 1n << 63n ? { kind: 'number', revision } : undefined;
}

function limitOf(text: string): number {
  if (text === '') return 0;
  if (!/^-?\d{1,18}$/.test(text)) throw errors.badRequest(`invalid limit ${JSON.stringify(text)}: must be a number`);
  const limit = Number(text);
  if (limit < 0) refuse([field.invalid('limit', limit, 'must be greater than or equal to 0')]);
  return Math.min(limit, Number.MAX_SAFE_INTEGER);
}

function timeoutOf(text: string): number | undefined {
  if (text === '' || text === '0') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw errors.badRequest(`invalid timeoutSeconds ${JSON.stringify(text)}`);
  const seconds = Number(text);
  if (seconds < 0) refuse([field.invalid('timeoutSeconds', seconds, 'must be greater than or equal to 0')]);
  return seconds * 1000;
}

function matchProblems(match: string, version: Version, token: string): FieldError[] {
  if (match === '') return [];
  if (token !== '') {
    return [field.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')];
  }
  if (!MATCHES.includes(match)) return [field.notSupported('resourceVersionMatch', match, MATCHES)];
  if (version.kind === 'unset') {
    return [
      field.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ];
  }
  if (match === 'Exact' && version.kind === 'zero') {
    return [
      field.forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    ];
  }
  return [];
}

function refuse(problems: readonly FieldError[]): void {
  if (problems.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems);
}
