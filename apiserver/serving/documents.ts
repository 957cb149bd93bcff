import type { Destination } from '../edge/chain.ts';
import { notFound } from '../edge/fault.ts';
import { sendText } from '../edge/respond.ts';

/** What is served at paths that are no resources. A path that ends in a slash stands for all below it. */
export type Documents = Readonly<Record<string, Destination>>;

/** Never redirects: a path is served as it is spelled, or with one slash at its end, or not at all. */
export function documentRouter(documents: Documents): Destination {
  const exact = new Map(Object.entries(documents));
  const prefixes = [...exact.keys()].filter((path) => path.endsWith('/') && path !== '/');
  return async (context) => {
    const { path, verb } = context.info;
    const document =
      exact.get(path) ??
      (path.length > 1 && path.endsWith('/') ? exact.get(path.slice(0, -1)) : undefined) ??
      exact.get(prefixes.find((prefix) => path.startsWith(prefix) && isClean(path)) ?? '');
    if (document === undefined) return notFound(context);
    if (verb !== 'get' && verb !== 'head') {
      context.res.setHeader('Allow', 'GET, HEAD');
      return sendText(context, 405, 'Method Not Allowed\n');
    }
    await document(context);
  };
}

function isClean(path: string): boolean {
  return !path
    .split('/')
    .some((segment, index) => segment === '.' || segment === '..' || (segment === '' && index > 0));
}
