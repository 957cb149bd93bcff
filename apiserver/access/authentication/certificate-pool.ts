import { X509Certificate } from 'node:crypto';

/** The authorities that certificates may come from. */
export interface CertificatePool {
  /** PEM of all of them, for the TLS handshake's list. */
  readonly pem: string;
  readonly authorities: readonly X509Certificate[];
}

export type Verification = { readonly kind: 'trusted' } | { readonly kind: 'untrusted'; readonly why: string };

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyUsage = '2.5.29.37.0';
/** Longest chain from a leaf to an authority; clients choose what they send, so it must be bounded. */
const longestChain = 8;

/** @throws Error naming `source` when there is no certificate in the text. */
export function parsePool(pem: string, source: string): CertificatePool {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`${source} holds no certificate in PEM form`);
  const authorities = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new Error(`certificate ${index + 1} in ${source} cannot be read`, { cause });
    }
  });
  return { pem: `${blocks.join('\n')}\n`, authorities };
}

/**
 * True trust in a client's certificate: a chain of valid signatures to an authority of the pool, every link within its
 * time, and the leaf meant for clients. TLS was told to accept any certificate, because which of two pools it belongs to
 * decides what it may do.
 */
export function verifyClient(leaf: X509Certificate, pool: CertificatePool, now: Date): Verification {
  const usages = leaf.keyUsage;
  if (usages !== undefined && usages.length > 0 && !usages.includes(clientAuth) && !usages.includes(anyUsage)) {
    return { kind: 'untrusted', why: 'the certificate is not meant for clients' };
  }
  let link: X509Certificate | undefined = leaf;
  for (let length = 0; link !== undefined && length < longestChain; length++) {
    const current: X509Certificate = link;
    if (!isCurrent(current, now)) return { kind: 'untrusted', why: `${current.subject} is not valid at this time` };
    const authority = pool.authorities.find((candidate) => isIssuedBy(current, candidate));
    if (authority !== undefined) {
      return isCurrent(authority, now)
        ? { kind: 'trusted' }
        : { kind: 'untrusted', why: `the authority ${authority.subject} is not valid at this time` };
    }
    const parent: X509Certificate | undefined = current.issuerCertificate;
    link =
      parent !== undefined && parent.fingerprint256 !== current.fingerprint256 && isIssuedBy(current, parent)
        ? parent
        : undefined;
  }
  return { kind: 'untrusted', why: 'no known authority issued the certificate' };
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isCurrent(certificate: X509Certificate, now: Date): boolean {
  return Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() <= Date.parse(certificate.validTo);
}
