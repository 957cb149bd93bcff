import { parseFieldSelector, requiredFieldValue } from '../../openapi/machinery/fields.ts';
import type { RequestInfo } from './info.ts';

/**
 * RequestInfo from method and URL, by the rules of kube-apiserver's RequestInfoFactory, so that authorization sees the
 * same request here as it would there. Where Go's router would clean or redirect a path we never do: a path with `.`,
 * `..`, empty segments or an encoded slash is no resource request and ends as an unknown path.
 */
export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly info: RequestInfo }
  /** The URL is not even that: 400. */
  | { readonly kind: 'malformed'; readonly message: string };

const verbOfMethod: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** These words after a namespace's name are parts of the namespace, not resources in it. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);

/** Booleans of query parameters: absent, `false` and `0` are false, everything else is true. */
export function queryBoolean(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

export function parseRequest(method: string, url: string): ParseOutcome {
  if (!url.startsWith('/')) return { kind: 'malformed', message: 'the request target must be a path' };
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  let path: string;
  let segments: string[];
  try {
    const plain = !rawPath.includes('%');
    path = plain ? rawPath : decodeURIComponent(rawPath);
    segments = trimSlashes(rawPath).split('/');
    if (!plain) segments = segments.map(decodeURIComponent);
  } catch {
    return { kind: 'malformed', message: `invalid percent encoding in the path ${JSON.stringify(rawPath)}` };
  }
  const other = nonResource(method, path, query);
  const [prefix, ...rest] = segments;
  if (!segments.every(isPlain)) return { kind: 'parsed', info: other };
  if (prefix === 'api' && rest.length >= 2) return resource(method, path, query, '', rest);
  if (prefix === 'apis' && rest.length >= 3) return resource(method, path, query, rest[0] ?? '', rest.slice(1));
  return { kind: 'parsed', info: other };
}

/** One slash at the end means the same path; a second one is an empty segment. */
function trimSlashes(path: string): string {
  return path.slice(1, path.length > 1 && path.endsWith('/') ? -1 : undefined);
}

function isPlain(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !segment.includes('/') && !segment.includes('\0');
}

function nonResource(method: string, path: string, query: URLSearchParams): RequestInfo {
  const none = { group: '', version: '', resource: '', namespace: '', name: '', subresource: '', subpath: '' };
  return { isResource: false, path, verb: method.toLowerCase(), ...none, query };
}

function resource(
  method: string,
  path: string,
  query: URLSearchParams,
  group: string,
  [version = '', ...segments]: readonly string[],
): ParseOutcome {
  let verb = verbOfMethod[method] ?? '';
  let parts = segments;
  // The deprecated spelling …/watch/<resource>.
  if (parts[0] === 'watch') {
    if (parts.length < 2) {
      return { kind: 'malformed', message: `unable to determine kind and namespace from url, ${path}` };
    }
    verb = 'watch';
    parts = parts.slice(1);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    if (parts[2] !== undefined && !namespaceSubresources.has(parts[2])) parts = parts.slice(2);
  }
  const [plural = '', named = '', subresource = '', ...more] = parts;
  let name = named;
  if (name === '' && verb === 'get') {
    verb = queryBoolean(query, 'watch') ? 'watch' : 'list';
    // Authorization of "only this object": the selector names it, so rules with resourceNames apply.
    name = selectedName(query.get('fieldSelector') ?? '');
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  const subpath = more.join('/');
  const info = {
    isResource: true,
    path,
    verb,
    group,
    version,
    resource: plural,
    namespace,
    name,
    subresource,
    subpath,
    query,
  };
  return { kind: 'parsed', info };
}

/** The name that a field selector fixes; '' when it fixes none, is malformed (the list answers that) or it is no name. */
function selectedName(fieldSelector: string): string {
  if (fieldSelector === '') return '';
  try {
    const name = requiredFieldValue(parseFieldSelector(fieldSelector), 'metadata.name') ?? '';
    return isPlain(name) && !name.includes('%') ? name : '';
  } catch {
    return '';
  }
}
