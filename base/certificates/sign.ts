/**
 * X.509 certificates. The structure is built by node-forge, keys and signatures come from node:crypto: forge's own RSA
 * takes about a hundred milliseconds of the event loop for one signature.
 */
import { createHash, createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type forge from 'node-forge';

const generate = promisify(generateKeyPair);
const signBytes = promisify(sign);

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export type Usage = 'client' | 'server';

export interface CertificateRequest {
  readonly subject: Subject;
  /** Empty for an authority. */
  readonly usages: readonly Usage[];
  /** DNS names and IP addresses that the certificate speaks for. */
  readonly names?: readonly string[];
  readonly days: number;
}

export interface Signer {
  readonly subject: Subject;
  readonly privateKey: KeyObject;
}

/** A new RSA-2048 key (the kind that node-forge can describe) as PKCS#8 PEM. */
export async function newPrivateKey(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** RFC 5280 4.2.1.2 (1): SHA-1 over the bits of the public key. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'der' }) as Buffer;
  return createHash('sha1').update(pkcs1).digest();
}

function attributes({ asn1 }: Forge, subject: Subject): forge.pki.CertificateField[] {
  const organizations = (subject.organizations ?? []).map((value) => ({
    name: 'organizationName',
    value,
    valueTagClass: asn1.Type.UTF8,
  }));
  const commonName = { name: 'commonName', value: subject.commonName, valueTagClass: asn1.Type.UTF8 };
  return [...organizations, commonName] as unknown as forge.pki.CertificateField[];
}

type Forge = typeof forge;

/** Loaded when a certificate is made, which is rare: it takes several MiB of memory. */
async function loadForge(): Promise<Forge> {
  return (await import('node-forge')).default;
}

/** The part of a certificate that is signed; node-forge exports it, its type declarations forget it. */
function toBeSigned({ pki }: Forge, certificate: forge.pki.Certificate): forge.asn1.Asn1 {
  return (pki as unknown as { getTBSCertificate(of: forge.pki.Certificate): forge.asn1.Asn1 }).getTBSCertificate(
    certificate,
  );
}

/** Issues a certificate for `publicKey`, signed by `signer`; an authority signs itself. */
export async function signCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  signer: Signer,
): Promise<string> {
  const library = await loadForge();
  const { pki, asn1 } = library;
  const certificate = pki.createCertificate();
  const authority = request.usages.length === 0;
  certificate.publicKey = pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string);
  // A positive number of at most 20 bytes (RFC 5280 4.1.2.2): the first bit stays 0, the first byte is never 0.
  certificate.serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`;
  const now = Date.now();
  // Clocks of two machines differ: a fresh certificate must not lie in the other's future.
  certificate.validity.notBefore = new Date(now - 5 * 60_000);
  certificate.validity.notAfter = new Date(now + request.days * 86_400_000);
  certificate.setSubject(attributes(library, request.subject));
  certificate.setIssuer(attributes(library, signer.subject));
  const names = (request.names ?? []).map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name }));
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: authority },
    authority
      ? { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true, digitalSignature: true }
      : { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    ...(authority
      ? []
      : [
          {
            name: 'extKeyUsage',
            clientAuth: request.usages.includes('client'),
            serverAuth: request.usages.includes('server'),
          },
        ]),
    ...(names.length > 0 ? [{ name: 'subjectAltName', altNames: names }] : []),
    {
      name: 'subjectKeyIdentifier',
      subjectKeyIdentifier: keyIdentifier(publicKey).toString('hex'),
    },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: keyIdentifier(createPublicKey(signer.privateKey)).toString('latin1'),
    },
  ]);
  certificate.signatureOid = pki.oids.sha256WithRSAEncryption as string;
  certificate.siginfo.algorithmOid = certificate.signatureOid;
  const body = asn1.toDer(toBeSigned(library, certificate)).getBytes();
  const signature = await signBytes('sha256', Buffer.from(body, 'latin1'), signer.privateKey);
  certificate.signature = signature.toString('latin1');
  return pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}
