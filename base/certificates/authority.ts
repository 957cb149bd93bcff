/**
 * Our certificate authority and the certificates it has issued, kept as files.
 *
 * A1  The authority is made once: of several processes that start together on one directory, all end with the same one.
 * A2  A leaf's files always belong together: the key is made once, the certificate is replaced whole.
 * A3  A leaf is issued again when it is missing, does not match its key or the authority, lacks a name that is asked
 *     for, has another subject, or has less than a third of its life left.
 * A4  Key files are readable by their owner alone.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writeAtomically } from '../atomic-write.ts';
import { createFile, readFileIfPresent } from './create-file.ts';
import { type CertificateRequest, newPrivateKey, type Signer, signCertificate } from './sign.ts';

export interface Authority extends Signer {
  /** PEM. */
  readonly certificate: string;
}

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const authorityDays = 3650;

function matches(certificate: X509Certificate, publicKey: KeyObject): boolean {
  return certificate.publicKey.equals(publicKey);
}

async function privateKeyFile(path: string): Promise<{ pem: string; key: KeyObject }> {
  const pem = (await readFileIfPresent(path)) ?? (await createFile(path, await newPrivateKey(), 0o600));
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch (cause) {
    throw new Error(`${path} is no private key in PEM form; remove it to have a new one made`, { cause });
  }
}

/** Opens the authority at `<directory>/ca.crt` and `ca.key`, making it first when there is none (A1). */
export async function openAuthority(directory: string, commonName: string): Promise<Authority> {
  const certificatePath = join(directory, 'ca.crt');
  const keyPath = join(directory, 'ca.key');
  const standing = await readFileIfPresent(certificatePath);
  if (standing !== undefined && (await readFileIfPresent(keyPath)) === undefined) {
    throw new Error(
      `${certificatePath} exists but ${keyPath} does not: put the key back, or remove both to start anew`,
    );
  }
  const { key } = await privateKeyFile(keyPath);
  const publicKey = createPublicKey(key);
  const subject = { commonName };
  const certificate =
    standing ??
    (await createFile(
      certificatePath,
      await signCertificate({ subject, usages: [], days: authorityDays }, publicKey, { subject, privateKey: key }),
      0o644,
    ));
  const parsed = new X509Certificate(certificate);
  if (!matches(parsed, publicKey)) throw new Error(`${certificatePath} and ${keyPath} do not belong together`);
  const names = parsed.toLegacyObject().subject as unknown as { CN?: string };
  return { certificate, privateKey: key, subject: { commonName: names.CN ?? commonName } };
}

/** Why a standing certificate cannot be used for `request`, or undefined when it can (A3). */
export function unfitness(
  pem: string,
  request: CertificateRequest,
  publicKey: KeyObject,
  authority: Authority,
  now: Date,
): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return 'it is no certificate';
  }
  if (!matches(certificate, publicKey)) return 'it does not belong to its key';
  if (!certificate.verify(createPublicKey(authority.privateKey))) return 'another authority issued it';
  const start = Date.parse(certificate.validFrom);
  const end = Date.parse(certificate.validTo);
  if (end - now.getTime() < (end - start) / 3) return `it ends ${certificate.validTo}`;
  const subject = certificate.toLegacyObject().subject as unknown as { CN?: string; O?: string | string[] };
  const organizations = [subject.O ?? []].flat();
  const wanted = request.subject.organizations ?? [];
  if (subject.CN !== request.subject.commonName || organizations.join('\n') !== wanted.join('\n')) {
    return 'it names another subject';
  }
  const missing = (request.names ?? []).find((name) => !speaksFor(certificate, name));
  return missing === undefined ? undefined : `it does not speak for ${missing}`;
}

function speaksFor(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' });
  return found !== undefined;
}

/** The certificate at `<directory>/<name>.crt` with its key, issued first when there is none that fits (A2, A3). */
export async function ensureKeyPair(
  directory: string,
  name: string,
  request: CertificateRequest,
  authority: Authority,
): Promise<KeyPair & { readonly issued: boolean }> {
  const { pem: key, key: privateKey } = await privateKeyFile(join(directory, `${name}.key`));
  const publicKey = createPublicKey(privateKey);
  const path = join(directory, `${name}.crt`);
  const standing = await readFileIfPresent(path);
  if (standing !== undefined && unfitness(standing, request, publicKey, authority, new Date()) === undefined) {
    return { certificate: standing, key, issued: false };
  }
  const certificate = await signCertificate(request, publicKey, authority);
  await writeAtomically(path, certificate);
  return { certificate, key, issued: true };
}
