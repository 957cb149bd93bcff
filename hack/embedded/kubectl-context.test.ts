import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { parse } from 'yaml';
import { addContext, linkPlugin, ownerBehindSudo, removeContext, unlinkPlugin } from './kubectl-context.ts';

const ADMIN = `apiVersion: v1
kind: Config
clusters: [{name: x, cluster: {server: "https://127.0.0.1:7443", certificate-authority-data: Q0E=}}]
users: [{name: y, user: {client-certificate-data: QQ==, client-key-data: Qg==}}]
contexts: [{name: z, context: {cluster: x, user: y}}]
current-context: z
`;
const OTHERS = `apiVersion: v1
kind: Config
# the office cluster
clusters:
- name: office
  cluster: {server: "https://office.example"}
users:
- name: me
  user: {token: abc}
contexts:
- name: office
  context: {cluster: office, user: me}
current-context: office
`;

describe('the context torpor', () => {
  let directory: string;
  let admin: string;
  let target: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torpor-context-'));
    admin = path.join(directory, 'admin');
    await writeFile(admin, ADMIN);
  });
  beforeEach(async () => {
    target = path.join(directory, 'home/.kube/config');
    await rm(path.join(directory, 'home'), { recursive: true, force: true });
  });
  after(() => rm(directory, { recursive: true }));

  it('makes a kubeconfig for its owner alone where there is none, and removes it again', async () => {
    assert.deepEqual(await addContext(target, admin), { current: true });
    const written = parse(await readFile(target, 'utf8'));
    assert.equal(written['current-context'], 'torpor');
    assert.equal(written.clusters[0].cluster.server, 'https://127.0.0.1:7443');
    assert.equal((await stat(target)).mode & 0o777, 0o600);
    await removeContext(target);
    await assert.rejects(stat(target), { code: 'ENOENT' });
    await removeContext(target);
  });

  it('K1 K2 leaves the entries, comments and current context of others alone', async () => {
    await addContext(target, admin);
    await writeFile(target, OTHERS);
    assert.deepEqual(await addContext(target, admin), { current: false });
    assert.deepEqual(await addContext(target, admin), { current: false }, 'twice is once');
    const text = await readFile(target, 'utf8');
    assert.match(text, /# the office cluster/);
    const written = parse(text);
    assert.equal(written['current-context'], 'office');
    assert.deepEqual(
      written.contexts.map((context: { name: string }) => context.name),
      ['office', 'torpor'],
    );
    await removeContext(target);
    assert.deepEqual(parse(await readFile(target, 'utf8')), parse(OTHERS));
  });

  it('renews an entry of an earlier run', async () => {
    await addContext(target, admin);
    await writeFile(admin, ADMIN.replace('7443', '8443'));
    await addContext(target, admin);
    await writeFile(admin, ADMIN);
    const written = parse(await readFile(target, 'utf8'));
    assert.equal(written.clusters.length, 1);
    assert.equal(written.clusters[0].cluster.server, 'https://127.0.0.1:8443');
  });

  it('refuses to write into a file that it cannot read as YAML', async () => {
    await addContext(target, admin);
    await writeFile(target, 'a: [b');
    await assert.rejects(addContext(target, admin), /is not valid YAML/);
    await removeContext(target);
    assert.equal(await readFile(target, 'utf8'), 'a: [b');
  });

  it('links the plugin, moves its own link, and never touches a file of somebody else', async () => {
    const link = path.join(directory, 'kubectl-vm');
    assert.equal(await linkPlugin(link, '/old/bin/kubectl-vm'), true);
    assert.equal(await linkPlugin(link, '/new/bin/kubectl-vm'), true);
    await unlinkPlugin(link, '/old/bin/kubectl-vm');
    await stat(path.dirname(link));
    assert.equal(await linkPlugin(link, '/new/bin/kubectl-vm'), true);
    await unlinkPlugin(link, '/new/bin/kubectl-vm');
    await writeFile(link, 'mine');
    assert.equal(await linkPlugin(link, '/new/bin/kubectl-vm'), false);
    assert.equal(await readFile(link, 'utf8'), 'mine');
  });

  it('finds the person behind sudo', () => {
    assert.deepEqual(ownerBehindSudo({ SUDO_UID: '1000', SUDO_GID: '1001' }), { uid: 1000, gid: 1001 });
    assert.equal(ownerBehindSudo({ SUDO_UID: '0', SUDO_GID: '0' }), undefined);
    assert.equal(ownerBehindSudo({}), undefined);
  });
});
