/** kubectl of three generations straight against a server that has our kinds alone, as behind an APIService. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openApiDocuments } from '../../apiserver/discovery/openapi.ts';
import { describedResources } from '../../hack/generator/described-resources.ts';
import { kubectls } from '../harness/kubectls.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';
import { kubectlOf } from './kubectl.ts';

const resources = describedResources(false);
let directory: string;
let bare: InjectedServer;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-bare-'));
  bare = await startInjected(directory, { resources, documents: openApiDocuments(resources, 'v0.1.0') });
  const { certificate, key } = await issue(bare.authority, { commonName: 'somebody' });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bare',
    contexts: [{ name: 'bare', context: { cluster: 'bare', user: 'somebody' } }],
    clusters: [
      { name: 'bare', cluster: { server: bare.url, 'certificate-authority-data': base64(bare.authority.certificate) } },
    ],
    users: [
      {
        name: 'somebody',
        user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
      },
    ],
  };
  await writeFile(join(directory, 'kubeconfig'), JSON.stringify(config));
});
after(async () => {
  await bare.server.stop();
  await rm(directory, { recursive: true, force: true });
});

for (const { version, program } of await kubectls()) {
  test(`D18, D26: kubectl ${version} finds our kinds and explains them where there is no /api`, async () => {
    const kubectl = kubectlOf(program, directory);
    const names = (await kubectl.ok('api-resources', '-o', 'name')).trim().split('\n').sort();
    assert.deepEqual(names, resources.map(({ plural, group }) => `${plural}.${group}`).sort());
    assert.equal(await kubectl.ok('api-versions'), 'torpor.dev/v1alpha1\n');
    assert.match(await kubectl.ok('explain', 'vm.spec.domain.cpu'), /^ +cores\t<integer>/m);
    assert.match(await kubectl.ok('explain', 'vmpool', '--recursive'), /^ +replicas\t<integer>/m);
  });
}
