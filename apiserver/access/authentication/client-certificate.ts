import type { CertificatePool } from './certificate-pool.ts';
import { type Authenticator, none } from './outcome.ts';
import { nameOf, PeerVerifier, peerCertificate } from './peer.ts';

/** X.509 client certificates: the common name is the user, the organizations are the groups. */
export function clientCertificates(currentPool: () => CertificatePool | undefined): Authenticator {
  const verifier = new PeerVerifier();
  return {
    name: 'client certificate',
    async authenticate(req) {
      const certificate = peerCertificate(req);
      const pool = currentPool();
      if (certificate === undefined || pool === undefined) return none;
      const verification = verifier.verify(req, certificate, pool);
      if (verification.kind === 'untrusted') return { kind: 'refused', why: verification.why };
      const { commonName, organizations } = nameOf(certificate);
      if (commonName === '') return { kind: 'refused', why: 'the certificate has no common name' };
      return { kind: 'user', user: { name: commonName, groups: organizations, extra: {} } };
    },
  };
}
