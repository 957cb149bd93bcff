import type { Environment } from '@marcbachmann/cel-js';

class UrlValue {
  readonly url: URL;
  constructor(url: URL) {
    this.url = url;
  }
}

/** Kubernetes' URL library: `url(s).getHost()`. Only absolute URLs and absolute paths count. */
export function registerUrls(environment: Environment): void {
  environment
    .registerType('URL', { ctor: UrlValue, fields: {} })
    .registerFunction('url(string): URL', (text: string) => {
      const found = parse(text);
      if (found === undefined) throw new Error(`URL parse error: ${JSON.stringify(text)} is no absolute URL`);
      return found;
    })
    .registerFunction('isURL(string): bool', (text: string) => parse(text) !== undefined)
    .registerFunction('URL.getScheme(): string', ({ url }: UrlValue) =>
      url.protocol === PATH_ONLY ? '' : url.protocol.slice(0, -1),
    )
    .registerFunction('URL.getHost(): string', ({ url }: UrlValue) => url.host)
    .registerFunction('URL.getHostname(): string', ({ url }: UrlValue) => url.hostname.replace(/^\[|\]$/g, ''))
    .registerFunction('URL.getPort(): string', ({ url }: UrlValue) => url.port)
    .registerFunction('URL.getEscapedPath(): string', ({ url }: UrlValue) => url.pathname)
    .registerFunction('URL.getQuery(): map<string, list<string>>', ({ url }: UrlValue) => {
      const query: Record<string, string[]> = {};
      for (const key of new Set(url.searchParams.keys())) {
        Object.defineProperty(query, key, { enumerable: true, value: url.searchParams.getAll(key) });
      }
      return query;
    });
}

const PATH_ONLY = 'path-only:';

function parse(text: string): UrlValue | undefined {
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : text.startsWith('/') ? `${PATH_ONLY}${text}` : undefined;
  return absolute !== undefined && URL.canParse(absolute) ? new UrlValue(new URL(absolute)) : undefined;
}
