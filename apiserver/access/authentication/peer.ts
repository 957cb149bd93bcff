import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type CertificatePool, type Verification, verifyClient } from './certificate-pool.ts';

/** Each call of the socket's own getter makes a new object from the handshake, and a connection carries many requests. */
const shown = new WeakMap<object, X509Certificate>();

/** The certificate that the client of this connection showed, if any; the same object for all of its requests. */
export function peerCertificate(req: IncomingMessage): X509Certificate | undefined {
  const socket = req.socket as TLSSocket;
  const known = shown.get(socket);
  if (known !== undefined) return known;
  const certificate = typeof socket.getPeerX509Certificate === 'function' ? socket.getPeerX509Certificate() : undefined;
  if (certificate !== undefined) shown.set(socket, certificate);
  return certificate;
}

/** Verification costs a signature check for each link; it is remembered per connection and pool, for a while. */
const rememberMs = 60_000;

export class PeerVerifier {
  readonly #remembered = new WeakMap<object, { at: number; pool: CertificatePool; outcome: Verification }>();

  verify(req: IncomingMessage, certificate: X509Certificate, pool: CertificatePool): Verification {
    const now = Date.now();
    const known = this.#remembered.get(req.socket);
    if (known !== undefined && known.pool === pool && now - known.at < rememberMs) return known.outcome;
    const outcome = verifyClient(certificate, pool, new Date(now));
    this.#remembered.set(req.socket, { at: now, pool, outcome });
    return outcome;
  }
}

export interface CertificateName {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Parsing takes longer than all the rest of recognizing a caller. */
const names = new WeakMap<X509Certificate, CertificateName>();

export function nameOf(certificate: X509Certificate): CertificateName {
  const known = names.get(certificate);
  if (known !== undefined) return known;
  const name = parseName(certificate);
  names.set(certificate, name);
  return name;
}

/** From the parsed names: the printed form cannot tell a line break in a value from the next attribute. */
function parseName(certificate: X509Certificate): CertificateName {
  const { subject } = certificate.toLegacyObject() as unknown as {
    subject?: { CN?: string | string[]; O?: string | string[] };
  };
  return {
    commonName: [subject?.CN ?? []].flat().at(-1) ?? '',
    organizations: [subject?.O ?? []].flat(),
  };
}
