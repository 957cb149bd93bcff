// The life of a machine through the functions that @hey-api/openapi-ts makes of our OpenAPI document:
//   openapi-ts -i openapi/generated/v3/apis/torpor.dev/v1alpha1.json -o torpor -c @hey-api/client-fetch
// Arguments: URL of the API server, and a directory with ca.crt, client.crt and client.key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'undici';
import { client } from './torpor/client.gen.js';
import {
  createTorporDevV1Alpha1NamespacedVirtualMachine as create,
  listTorporDevV1Alpha1NamespacedVirtualMachine as list,
  readTorporDevV1Alpha1NamespacedVirtualMachine as read,
  deleteTorporDevV1Alpha1NamespacedVirtualMachine as remove,
} from './torpor/index.js';

const [baseUrl = '', pki = '.'] = process.argv.slice(2);
const pem = (name: string) => readFileSync(`${pki}/${name}`, 'utf8');
const dispatcher = new Agent({ connect: { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') } });
client.setConfig({ baseUrl, throwOnError: true, fetch: (request) => fetch(request, { dispatcher } as RequestInit) });

const { data: created } = await create({
  throwOnError: true,
  path: { namespace: 'default' },
  body: {
    metadata: { generateName: 'client-' },
    spec: { runStrategy: 'Halted', domain: { memory: { guest: '128Mi' }, devices: {} } },
  },
});
const path = { namespace: 'default', name: created.metadata?.name ?? '' };
const { data: same } = await read({ throwOnError: true, path });
assert.equal(same.spec.domain.memory?.guest, '128Mi');
const fieldSelector = `metadata.name=${path.name}`;
const { data: found } = await list({ throwOnError: true, path, query: { fieldSelector } });
assert.deepEqual(
  found.items.map(({ metadata }) => metadata?.name),
  [path.name],
);

const query = { fieldSelector, watch: true, resourceVersion: found.metadata?.resourceVersion ?? '' };
const watch = await list({ path, query, parseAs: 'stream' });
await remove({ throwOnError: true, path });
let text = '';
const decoder = new TextDecoder();
for await (const chunk of watch.data as unknown as ReadableStream<Uint8Array>) {
  text += decoder.decode(chunk, { stream: true });
  if (text.includes('\n')) break;
}
const event: { type: string; object: typeof same } = JSON.parse(text.split('\n', 1)[0] ?? '');
console.log(event.type, event.object.metadata?.name);
await dispatcher.destroy();
