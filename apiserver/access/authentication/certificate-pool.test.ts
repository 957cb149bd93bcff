import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Authority, openAuthority } from '../../../base/certificates/authority.ts';
import { newPrivateKey, type Signer, signCertificate, type Usage } from '../../../base/certificates/sign.ts';
import { parsePool, verifyClient } from './certificate-pool.ts';

let directory: string;
let authority: Authority;
let other: Authority;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-pool-'));
  authority = await openAuthority(join(directory, 'a'), 'one');
  // The same name with another key: only the signature tells them apart.
  other = await openAuthority(join(directory, 'b'), 'one');
});
after(() => rm(directory, { recursive: true, force: true }));

async function leaf(signer: Signer, usages: readonly Usage[] = ['client'], days = 1): Promise<X509Certificate> {
  const publicKey = createPublicKey(createPrivateKey(await newPrivateKey()));
  return new X509Certificate(await signCertificate({ subject: { commonName: 'x' }, usages, days }, publicKey, signer));
}

const verdict = (certificate: X509Certificate, pem: string, now = new Date()) => {
  const outcome = verifyClient(certificate, parsePool(pem, 'pool'), now);
  return outcome.kind === 'trusted' ? 'trusted' : outcome.why;
};

test('a client certificate of an authority in the pool is trusted, within its time', async () => {
  const good = await leaf(authority);
  assert.equal(verdict(good, authority.certificate), 'trusted');
  assert.equal(verdict(good, other.certificate + authority.certificate), 'trusted');
  assert.match(verdict(good, authority.certificate, new Date(Date.now() + 2 * 86_400_000)), /not valid at this time/);
  assert.match(verdict(good, authority.certificate, new Date(Date.now() - 86_400_000)), /not valid at this time/);
});

test('another authority of the same name, a server certificate, and a leaf as an authority are not', async () => {
  assert.match(verdict(await leaf(other), authority.certificate), /no known authority/);
  assert.match(verdict(await leaf(authority, ['server']), authority.certificate), /not meant for clients/);
  assert.equal(verdict(await leaf(authority, ['client', 'server']), authority.certificate), 'trusted');
  const key = createPrivateKey(await newPrivateKey());
  const middle = await signCertificate(
    { subject: { commonName: 'middle' }, usages: ['client'], days: 1 },
    createPublicKey(key),
    authority,
  );
  const below = await leaf({ subject: { commonName: 'middle' }, privateKey: key });
  assert.match(verdict(below, middle), /no known authority/, 'what is no authority issues nothing, even in the pool');
});

test('a pool without certificates, or with a broken one, says where it is from', () => {
  assert.throws(() => parsePool('', '/etc/ca.crt'), /\/etc\/ca\.crt holds no certificate/);
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  assert.throws(() => parsePool(broken, '/etc/ca.crt'), /certificate 1 in \/etc\/ca\.crt cannot be read/);
});
