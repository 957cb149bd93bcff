// The life of a machine through the types that openapi-typescript makes of our OpenAPI document:
//   openapi-typescript openapi/generated/v3/apis/torpor.dev/v1alpha1.json --default-non-nullable=false -o torpor.ts
// Arguments: URL of the API server, and a directory with ca.crt, client.crt and client.key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import { Agent } from 'undici';
import type { components, paths } from './torpor.js';

const [baseUrl = '', pki = '.'] = process.argv.slice(2);
const pem = (name: string) => readFileSync(`${pki}/${name}`, 'utf8');
const dispatcher = new Agent({ connect: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') } });
const torpor = createClient<paths>({ baseUrl, requestInitExt: { dispatcher } });
const MACHINES = '/apis/torpor.dev/v1alpha1/namespaces/{namespace}/virtualmachines';

const created = await torpor.POST(MACHINES, {
  params: { path: { namespace: 'default' } },
  body: {
    metadata: { generateName: 'client-' },
    spec: { runStrategy: 'Halted', domain: { memory: { guest: '128Mi' }, devices: {} } },
  },
});
if (created.error) throw new Error(created.error.message);
const path = { namespace: 'default', name: created.data.metadata?.name ?? '' };
const read = await torpor.GET(`${MACHINES}/{name}`, { params: { path } });
assert.equal(read.data?.spec.domain.memory?.guest, '128Mi');
const query = { fieldSelector: `metadata.name=${path.name}`, resourceVersion: '' };
const { data: list } = await torpor.GET(MACHINES, { params: { path, query } });
assert.deepEqual(
  list?.items.map(({ metadata }) => metadata?.name),
  [path.name],
);

query.resourceVersion = list?.metadata?.resourceVersion ?? '';
const watch = await torpor.GET(MACHINES, { params: { path, query: { ...query, watch: true } }, parseAs: 'stream' });
await torpor.DELETE(`${MACHINES}/{name}`, { params: { path } });
let text = '';
for await (const chunk of watch.data?.pipeThrough(new TextDecoderStream()) ?? []) {
  text += chunk;
  if (text.includes('\n')) break;
}
const event: { type: string; object: components['schemas']['dev.torpor.v1alpha1.VirtualMachine'] } = JSON.parse(
  text.split('\n', 1)[0] ?? '',
);
console.log(event.type, event.object.metadata?.name);
await dispatcher.destroy();
