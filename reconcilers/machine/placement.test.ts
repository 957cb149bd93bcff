import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Host, VirtualMachine } from '../../openapi/api.ts';
import { answerJson, FakeServer } from '../../openapi/client/fake-server.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import { Placer } from './placement.ts';

const server = new FakeServer();
let answer: () => [number, unknown];
let seen: string[];
before(async () => {
  await server.start();
  server.intercept = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume();
    answerJson(response, ...answer());
  };
});
after(() => server.stop());

const host: Host = {
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'Host',
  metadata: { name: 'h' },
  status: {
    allocatable: { cpu: '4', memory: '1Gi' },
    conditions: [
      { type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
  },
};

function machine(name: string, resourceVersion: string, nodeName?: string): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'n', uid: name, resourceVersion },
    spec: { domain: { memory: { guest: '600Mi' } } },
    ...(nodeName ? { status: { nodeName } } : {}),
  };
}

let shown: VirtualMachine[];
let placer: Placer;
beforeEach(() => {
  shown = [];
  seen = [];
  placer = new Placer({
    client: server.client,
    machines: {
      get: (key) => shown.find(({ metadata }) => `n/${metadata.name}` === key),
      list: () => shown,
      byIndex: (_name, value) => shown.filter(({ status }) => status?.nodeName === value),
    },
    hosts: { list: () => [host] },
    namespaceLabels: () => undefined,
  });
  answer = () => [201, machine('a', '7', 'h')];
});
const signal = new AbortController().signal;
const bind = (name: string) => placer.bind(`n/${name}`, machine(name, '5'), 'h', signal);
const found = () => placer.find(machine('b', '6')).kind;

test('B1: what is bound counts before the informer shows it, once while it does, and not after it left', async () => {
  assert.equal(found(), 'host');
  shown = [machine('a', '5')];
  const binding = bind('a');
  assert.equal(found(), 'none', 'while the server is asked');
  await binding;
  assert.deepEqual(seen, ['POST /apis/torpor.dev/v1alpha1/namespaces/n/virtualmachines/a/binding']);
  assert.equal(found(), 'none', 'before the event');
  shown = [machine('a', '7', 'h')];
  assert.equal(found(), 'none', 'after the event');
  shown = [machine('a', '9')];
  assert.equal(found(), 'host', 'after it left');
});

test('B1: it has left again before anybody looked', async () => {
  shown = [machine('a', '5')];
  await bind('a');
  shown = [machine('a', '9')];
  assert.equal(found(), 'host');
  await bind('a');
  shown = [];
  assert.equal(found(), 'host', 'and when it is gone altogether');
});

test('B1: an event that is faster than the answer counts once', async () => {
  host.status = { ...host.status, allocatable: { cpu: '4', memory: '1400Mi' } };
  shown = [machine('a', '5')];
  const binding = bind('a');
  shown = [machine('a', '7', 'h')];
  assert.equal(found(), 'host', '2 × 696Mi fit into 1400Mi, 3 × would not');
  await binding;
  host.status = { ...host.status, allocatable: { cpu: '4', memory: '1Gi' } };
});

test('B2: what the server refuses is given back', async () => {
  shown = [machine('a', '5')];
  answer = () => [409, { kind: 'Status', code: 409, reason: 'Conflict', message: 'no room' }];
  await assert.rejects(bind('a'), (error) => isError(error, 'conflict'));
  assert.equal(found(), 'host');
});
