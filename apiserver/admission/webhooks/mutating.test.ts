import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../base/log.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { Webhook } from '../kinds.ts';
import { admissionRequest, machine } from '../testing/requests.ts';
import { hooksOf } from './hooks.ts';
import { createMutatingWebhooks } from './mutating.ts';
import type { WebhookParts } from './parts.ts';
import type { AdmissionReview } from './review.ts';

const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }];
const hook = (name: string, more: Partial<Webhook> = {}): Webhook => ({
  name,
  clientConfig: { url: `https://${name}/` },
  rules: everything,
  admissionReviewVersions: ['v1'],
  ...more,
});

/** Runs the webhooks, each of which sets a label by its function, and tells who was asked in which order. */
async function run(webhooks: Webhook[], labels: Record<string, (seen: KubernetesObject) => Record<string, string>>) {
  const asked: string[] = [];
  const parts = {
    hooks: () => hooksOf([{ apiVersion: '', kind: '', metadata: { name: 'c' }, webhooks }]),
    caller: {
      async call({ url = '' }, review: AdmissionReview) {
        const name = new URL(url).hostname;
        asked.push(name);
        const seen = review.request.object as KubernetesObject;
        const wanted = labels[name]?.(seen) ?? {};
        const value = { ...seen.metadata.labels, ...wanted };
        const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value }])).toString('base64');
        const { uid } = review.request;
        const { kind, apiVersion } = review;
        return { kind, apiVersion, response: { uid, allowed: true, patchType: 'JSONPatch', patch } };
      },
      close: () => undefined,
    },
    namespaceOf: async (name: string) => ({ metadata: { name } }),
    authorizer: { authorize: async () => ({ kind: 'allowed', reason: '' }) },
    metrics: { called: () => undefined, rejected: () => undefined, failedOpen: () => undefined },
    logger: createLogger('test', { level: 'fatal' }),
  } satisfies WebhookParts;
  const given = machine({ labels: { given: '1' } });
  const result = await createMutatingWebhooks(parts)(admissionRequest({ object: given }));
  return { asked, labels: result?.metadata.labels, given, result };
}

test('M1, M4: each sees what the one before made; the given object stays as it is', async () => {
  const { asked, labels, given } = await run([hook('a'), hook('b')], {
    a: () => ({ a: '1' }),
    b: (seen) => ({ b: seen.metadata.labels?.a ?? 'unseen' }),
  });
  assert.deepEqual(asked, ['a', 'b']);
  assert.deepEqual(labels, { given: '1', a: '1', b: '1' });
  assert.deepEqual(given.metadata.labels, { given: '1' });
});

test('a patch that changes nothing is no change: the object is the same one', async () => {
  const { asked, given, result } = await run([hook('a', { reinvocationPolicy: 'IfNeeded' }), hook('b')], {});
  assert.deepEqual(asked, ['a', 'b']);
  assert.equal(result, given);
});

test('M2: those asked before a change are asked once more, and what they change then leads to no third round', async () => {
  const again = { reinvocationPolicy: 'IfNeeded' };
  let n = 0;
  const { asked } = await run([hook('a', again), hook('b'), hook('c', again)], {
    a: () => ({ a: String(n++) }),
    c: () => ({ c: String(n++) }),
  });
  assert.deepEqual(asked, ['a', 'b', 'c', 'a']);
});

test('M3: who did not want the object at first is not asked in the second round', async () => {
  const again = { reinvocationPolicy: 'IfNeeded' };
  const later = hook('later', { ...again, objectSelector: { matchLabels: { c: '1' } } });
  const { asked } = await run([later, hook('a', again), hook('c')], { c: () => ({ c: '1' }) });
  assert.deepEqual(asked, ['a', 'c', 'a']);
});

test('configurations come in the order of their names', () => {
  const configuration = (name: string) => ({ apiVersion: '', kind: '', metadata: { name }, webhooks: [hook(name)] });
  const hooks = hooksOf([configuration('b'), configuration('a'), configuration('a-a')]);
  assert.deepEqual(
    hooks.map(({ configuration: name }) => name),
    ['a', 'a-a', 'b'],
  );
});
