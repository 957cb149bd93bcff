import type { IncomingMessage } from 'node:http';
import type { CertificatePool } from './certificate-pool.ts';
import { type Authenticator, none } from './outcome.ts';
import { nameOf, PeerVerifier, peerCertificate } from './peer.ts';

/** As kube-apiserver's --requestheader-* flags and the extension-apiserver-authentication ConfigMap say. */
export interface FrontProxyRules {
  readonly pool: CertificatePool;
  /** Common names that a proxy may have; empty = any certificate of the pool. */
  readonly allowedNames: readonly string[];
  /** The first of these that stands in a request gives the user. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/**
 * Users that a proxy has authenticated (kube-aggregator). The headers count only on a connection whose certificate comes
 * from the proxy's own authority; on all others they are as if they were not there. The rules are asked for with each
 * request, as they change while we run; without any there is no front proxy.
 */
export function frontProxy(currentRules: () => FrontProxyRules | undefined): Authenticator {
  const verifier = new PeerVerifier();
  return {
    name: 'front proxy',
    async authenticate(req) {
      const certificate = peerCertificate(req);
      const rules = currentRules();
      if (certificate === undefined || rules === undefined) return none;
      const verification = verifier.verify(req, certificate, rules.pool);
      if (verification.kind === 'untrusted') return { kind: 'refused', why: verification.why };
      const { commonName } = nameOf(certificate);
      if (rules.allowedNames.length > 0 && !rules.allowedNames.includes(commonName)) {
        return { kind: 'refused', why: `the proxy ${JSON.stringify(commonName)} is not among the allowed names` };
      }
      return fromHeaders(req, rules);
    },
  };
}

/** rawHeaders: Node joins repeated headers with a comma, which may stand inside a group's name. */
function fromHeaders(req: IncomingMessage, rules: FrontProxyRules): Awaited<ReturnType<Authenticator['authenticate']>> {
  const headers: [name: string, value: string][] = [];
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    headers.push([(req.rawHeaders[at] ?? '').toLowerCase(), utf8(req.rawHeaders[at + 1] ?? '')]);
  }
  const values = (name: string) => headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
  const first = (names: readonly string[]) => names.map((name) => values(name)[0] ?? '').find((value) => value !== '');
  const name = first(rules.usernameHeaders);
  if (name === undefined) return none;
  const uid = first(rules.uidHeaders);
  const extra: Record<string, string[]> = Object.create(null);
  for (const prefix of rules.extraHeaderPrefixes.map((text) => text.toLowerCase())) {
    for (const [key, value] of headers) {
      if (!key.startsWith(prefix)) continue;
      const decoded = unescaped(key.slice(prefix.length));
      extra[decoded] ??= [];
      extra[decoded].push(value);
    }
  }
  const groups = rules.groupHeaders.flatMap(values);
  return { kind: 'user', user: { name, ...(uid === undefined ? {} : { uid }), groups, extra } };
}

/** Header bytes come as latin1; Go sends UTF-8. */
function utf8(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** Keys are percent-encoded; what is no valid escape stays as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
