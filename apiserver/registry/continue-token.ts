/**
 * The `continue` token of a list: base64url of {"v","rv","start"}. Clients treat it as opaque; nothing in it is
 * trusted, so it needs no signature: the start is only ever appended to the prefix that the request may read.
 */
export interface ContinueToken {
  /** The revision that all pages show; -1n asks for the newest (an inconsistent continuation after expiry). */
  readonly revision: bigint;
  /** The last key of the page before, relative to the list's prefix. */
  readonly after: string;
}

export function encodeContinue(token: ContinueToken): string {
  const body = `{"v":"meta.k8s.io/v1","rv":${token.revision},"start":${JSON.stringify(`${token.after}\0`)}}`;
  return Buffer.from(body).toString('base64url');
}

/** Undefined when the text is no token of ours. */
export function decodeContinue(text: string): ContinueToken | undefined {
  if (!/^[A-Za-z0-9_-]{1,4096}$/.test(text)) return undefined;
  let body: unknown;
  const json = Buffer.from(text, 'base64url').toString('utf8');
  try {
    body = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const { v, start } = body as Record<string, unknown>;
  const revision = /"rv":(-1|[1-9]\d{0,18}),/.exec(json)?.[1];
  if (v !== 'meta.k8s.io/v1' || typeof start !== 'string' || revision === undefined) return undefined;
  if (!start.endsWith('\0')) return undefined;
  const after = start.slice(0, -1);
  const segments = after.split('/');
  if (segments.length > 2 || segments.some((one) => one === '' || one === '.' || one === '..')) return undefined;
  if (after.includes('\0')) return undefined;
  return { revision: BigInt(revision), after };
}
