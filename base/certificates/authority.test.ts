import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureKeyPair, openAuthority, unfitness } from './authority.ts';
import type { CertificateRequest } from './sign.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-certificates-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const request: CertificateRequest = {
  subject: { commonName: 'torpor:launcher:node-1', organizations: ['torpor:launchers', 'second'] },
  usages: ['client', 'server'],
  names: ['localhost', 'node-1', '127.0.0.1', '::1'],
  days: 365,
};

test('A1: processes that race to make the authority end with the same one, and no temporary file stays', async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => openAuthority(directory, 'torpor-ca')));
  assert.equal(new Set(all.map((authority) => authority.certificate)).size, 1);
  assert.deepEqual((await readdir(directory)).sort(), ['ca.crt', 'ca.key']);
  const certificate = new X509Certificate(all[0]?.certificate ?? '');
  assert.equal(certificate.ca, true);
  assert.ok(certificate.verify(certificate.publicKey));
});

test('A2, A4: a leaf chains to the authority, speaks for its names, and its key is private', async () => {
  const authority = await openAuthority(directory, 'torpor-ca');
  const pair = await ensureKeyPair(directory, 'leaf', request, authority);
  const certificate = new X509Certificate(pair.certificate);
  const issuer = new X509Certificate(authority.certificate);
  assert.ok(certificate.checkIssued(issuer));
  assert.ok(certificate.verify(issuer.publicKey));
  assert.equal(certificate.ca, false);
  for (const name of ['localhost', 'node-1']) assert.equal(certificate.checkHost(name, { subject: 'never' }), name);
  for (const address of ['127.0.0.1', '::1']) assert.equal(certificate.checkIP(address), address);
  assert.deepEqual(
    { ...(certificate.toLegacyObject().subject as object) },
    {
      O: ['torpor:launchers', 'second'],
      CN: 'torpor:launcher:node-1',
    },
  );
  assert.deepEqual(certificate.keyUsage?.toSorted(), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.equal((await stat(join(directory, 'leaf.key'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(directory, 'ca.key'))).mode & 0o777, 0o600);
});

test('A3: a fitting leaf is kept; another name, subject or authority, or old age, has it issued again', async () => {
  const authority = await openAuthority(directory, 'torpor-ca');
  const first = await ensureKeyPair(directory, 'again', request, authority);
  assert.equal(first.issued, true);
  assert.equal((await ensureKeyPair(directory, 'again', request, authority)).issued, false);
  const wider = await ensureKeyPair(directory, 'again', { ...request, names: ['10.0.0.1'] }, authority);
  assert.equal(wider.issued, true);
  assert.equal(wider.key, first.key);
  const publicKey = createPublicKey(first.key);
  const at = (days: number) => new Date(Date.now() + days * 86_400_000);
  assert.equal(unfitness(first.certificate, request, publicKey, authority, at(200)), undefined);
  assert.match(unfitness(first.certificate, request, publicKey, authority, at(300)) ?? '', /it ends/);
  assert.match(
    unfitness(first.certificate, { ...request, subject: { commonName: 'x' } }, publicKey, authority, at(0)) ?? '',
    /another subject/,
  );
  const other = await openAuthority(join(directory, 'other'), 'torpor-ca');
  assert.match(unfitness(first.certificate, request, publicKey, other, at(0)) ?? '', /another authority/);
  assert.match(unfitness('nonsense', request, publicKey, authority, at(0)) ?? '', /no certificate/);
});

test('an authority without its key, or with a foreign key, is an error that says what to do', async () => {
  const broken = join(directory, 'broken');
  const authority = await openAuthority(broken, 'torpor-ca');
  await rm(join(broken, 'ca.key'));
  await assert.rejects(openAuthority(broken, 'torpor-ca'), /ca\.key does not: put the key back/);
  const foreign = await openAuthority(join(directory, 'foreign'), 'x');
  await writeFile(join(broken, 'ca.key'), foreign.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await assert.rejects(openAuthority(broken, 'torpor-ca'), /do not belong together/);
  await writeFile(join(broken, 'ca.key'), 'nonsense');
  await assert.rejects(openAuthority(broken, 'torpor-ca'), /no private key/);
  assert.ok(authority.certificate.startsWith('-----BEGIN CERTIFICATE-----'));
});
