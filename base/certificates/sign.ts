/**
 * X.509 certificates. The structure is built by node-forge, keys and signatures come from node:crypto: forge's own RSA
 * takes about a hundred milliseconds of the event loop for one signature.
 */
import { createHash, createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';

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

function attributes(subject: Subject): forge.pki.CertificateField[] {
  const organizations = (subject.organizations ?? []).map((value) => ({
    name: 'organizationName',
    value,
    valueTagClass: forge.asn1.Type.UTF8,
  }));
  const commonName = { name: 'commonName', value: subject.commonName, valueTagClass: forge.asn1.Type.UTF8 };
  return [...organizations, commonName] as unknown as forge.pki.CertificateField[];
}

/** The part of a certificate that is signed; node-forge exports it, its type declarations forget it. */
const toBeSigned = (forge.pki as unknown as { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 })
  .getTBSCertificate;

/** Issues a certificate for `publicKey`, signed by `signer`; an authority signs itself. */
export async function signCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  signer: Signer,
): Promise<string> {
  const certificate = forge.pki.createCertificate();
  const authority = request.usages.length === 0;
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string);
  // A positive number of at most 20 bytes (RFC 5280 4.1.2.2): the first bit stays 0, the first byte is never 0.
  certificate.serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`;
  const now = Date.now();
  // Clocks of two machines differ: a fresh certificate must not lie in the other's future.
  certificate.validity.notBefore = new Date(now - 5 * 60_000);
  certificate.validity.notAfter = new Date(now + request.days * 86_400_000);
  certificate.setSubject(attributes(request.subject));
  certificate.setIssuer(attributes(signer.subject));
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
  certificate.signatureOid = forge.pki.oids.sha256WithRSAEncryption as string;
  certificate.siginfo.algorithmOid = certificate.signatureOid;
  const body = forge.asn1.toDer(toBeSigned(certificate)).getBytes();
  const signature = await signBytes('sha256', Buffer.from(body, 'latin1'), signer.privateKey);
  certificate.signature = signature.toString('latin1');
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}
