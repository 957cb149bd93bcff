import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Client } from '../../../openapi/client/client.ts';
import type { Informer, KeyHandler } from '../../../openapi/client/informer.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import { type ResourceQuota, resourceQuotas } from '../kinds.ts';
import { admissionRequest } from '../testing/requests.ts';
import { ResourceQuotas } from './resource-quotas.ts';

const COUNT = 'count/virtualmachines.torpor.dev';

let stored: ResourceQuota;
let copy: ResourceQuota;
let writes: number;
let reads: number;
/** Called before a write is judged. */
let meddle: () => void;
let changed: KeyHandler;
let quotas: ResourceQuotas;

const quota = (hard: string, used: string, version: string): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { namespace: 'default', name: 'q', resourceVersion: version },
  status: { hard: { [COUNT]: hard }, used: { [COUNT]: used } },
});
const usedNow = () => stored.status?.used?.[COUNT];

beforeEach(() => {
  stored = quota('2', '0', '1');
  copy = stored;
  writes = 0;
  reads = 0;
  meddle = () => undefined;
  const informer = {
    resource: resourceQuotas,
    synced: true,
    get: () => copy,
    byIndex: () => [copy],
    onKey: (handler: KeyHandler) => {
      changed = handler;
    },
  } as unknown as Informer<ResourceQuota>;
  const client = {
    async get() {
      reads += 1;
      return stored;
    },
    async updateStatus(_resource: unknown, next: ResourceQuota) {
      writes += 1;
      meddle();
      if (next.metadata.resourceVersion !== stored.metadata.resourceVersion) {
        throw errors.conflict({ group: '', plural: 'resourcequotas' }, 'q');
      }
      stored = { ...next, metadata: { ...next.metadata, resourceVersion: `${stored.metadata.resourceVersion}+` } };
      return stored;
    },
  } as unknown as Client;
  quotas = new ResourceQuotas(informer, client);
});

const charge = (name = 'a') => quotas.charge(admissionRequest({ name }));

test('Q1, Q2: requests that come at once are charged in order, in as few writes as there are rounds', async () => {
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => charge(name)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
  );
  assert.equal(usedNow(), '2');
  assert.equal(writes, 2);
});

test('Q3: the copy may be behind; a refusal is decided from what is stored', async () => {
  copy = quota('2', '2', '0');
  await charge();
  assert.equal(usedNow(), '1');
  assert.equal(reads, 1);
});

test('a lost race is tried again from what is stored', async () => {
  let races = 3;
  meddle = () => {
    if (races-- > 0) stored = quota('9', usedNow() ?? '', `${races}-other`);
  };
  await charge();
  assert.equal(usedNow(), '1');
});

test('Q5: what was not stored is given back', async () => {
  const withdraw = await charge();
  assert.equal(usedNow(), '1');
  await withdraw?.();
  assert.equal(usedNow(), '0');
});

test('Q5: but not when somebody has written the quota since: its controller may have counted already', async () => {
  const withdraw = await charge();
  stored = quota('2', '0', 'controller');
  changed('default/q');
  await withdraw?.();
  assert.equal(usedNow(), '0');
  assert.equal(stored.metadata.resourceVersion, 'controller');
});

test('Q6: who can never write it refuses for the moment', async () => {
  meddle = () => {
    stored = quota('2', '0', `${writes}-other`);
  };
  await assert.rejects(charge(), (error: { code?: number }) => error.code === 503);
});

test('who has gone meanwhile is not charged, and does not go on', async () => {
  const gone = new AbortController();
  gone.abort(new Error('gone'));
  await assert.rejects(quotas.charge(admissionRequest({ signal: gone.signal })), /gone/);
  assert.equal(usedNow(), '0');
});

test('updates, parts and what is in no namespace are not counted', async () => {
  copy = quota('0', '0', '1');
  for (const more of [{ operation: 'UPDATE' }, { subresource: 'start' }, { namespace: '' }] as const) {
    assert.equal(await quotas.charge(admissionRequest(more)), undefined);
  }
});
