import type { Credentials } from './credentials.ts';
import { type HttpTransport, readBody } from './http.ts';
import { ImageError } from './image-error.ts';
import type { ImageReference } from './reference.ts';
import { formatReference } from './reference.ts';

/** What a registry asks for in WWW-Authenticate. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: ReadonlyMap<string, string>;
}

/** The first challenge that we can meet; undefined when there is none. Grammar: RFC 9110, 11.6.1. */
export function parseChallenge(header: string): Challenge | undefined {
  const match = /(?:^|,\s*)(bearer|basic)(?:\s+|$)/i.exec(header);
  if (match === null) return undefined;
  const parameters = new Map<string, string>();
  const rest = header.slice(match.index + match[0].length);
  for (const [, name = '', quoted, token] of rest.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi)) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
  }
  return { scheme: match[1]?.toLowerCase() === 'basic' ? 'basic' : 'bearer', parameters };
}

const LARGEST_TOKEN_ANSWER = 256 * 1024;

/**
 * Answers a challenge with the value of an Authorization header: Basic with the credentials, or Bearer with a token
 * that the named token server gives for pulling this repository. The token server is spoken to under the same rule
 * as a registry (https, or plain http where that was declared), because credentials go to it.
 */
export async function answerChallenge(
  transport: HttpTransport,
  reference: ImageReference,
  challenge: Challenge,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const unauthorized = (why: string) =>
    new ImageError('ImageUnauthorized', `image ${formatReference(reference)} may not be pulled: ${why}`);
  const basic = credentials
    ? `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
    : undefined;
  if (challenge.scheme === 'basic') {
    if (basic === undefined) throw unauthorized('the registry wants a login; name a pull secret in imagePullSecret');
    return basic;
  }
  const realm = challenge.parameters.get('realm');
  if (realm === undefined || !URL.canParse(realm)) {
    throw new ImageError('RegistryUnavailable', `registry ${reference.domain} names no token server in its challenge`);
  }
  const url = new URL(realm);
  const service = challenge.parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${reference.repository}:pull`);
  const answer = await transport.send({
    method: 'GET',
    url,
    headers: basic === undefined ? {} : { authorization: basic },
    signal,
  });
  const body = await readBody(answer, LARGEST_TOKEN_ANSWER, `the answer of token server ${url.host}`);
  const status = answer.statusCode ?? 0;
  if (status === 401 || status === 403) {
    throw unauthorized(
      credentials ? 'the token server refuses the credentials of the pull secret' : 'it wants a login',
    );
  }
  if (status !== 200) {
    throw new ImageError('RegistryUnavailable', `token server ${url.host} answers ${status}`, {
      transient: status >= 500,
    });
  }
  const token = readToken(body);
  if (token === undefined) throw new ImageError('RegistryUnavailable', `token server ${url.host} gives no token`);
  return `Bearer ${token}`;
}

function readToken(body: Buffer): string | undefined {
  try {
    const parsed = JSON.parse(body.toString('utf8'));
    const token = parsed.token ?? parsed.access_token;
    return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}
