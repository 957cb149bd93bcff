/** /metrics of the whole server as a process: names, labels and buckets that dashboards of kube-apiserver look for. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { type Sample, samplesOf } from './prometheus.ts';

const MACHINES = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const request = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
const durations = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

describe('metrics', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  let api: ApiProcess;
  let samples: Sample[] = [];
  const scrape = async () => {
    const { text, status, headers } = await (await api.agent()).get('/metrics');
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    samples = samplesOf(text);
  };
  const of = (name: string, labels: Record<string, string> = {}) =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  const sum = (name: string, labels: Record<string, string> = {}) =>
    of(name, labels).reduce((total, { value }) => total + value, 0);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcd = await startEtcd();
    api = await startApiProcess(directory, [`--etcd-servers=${etcd.endpoint}`]);
    await api.ready();
    const agent = await api.agent();
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Da`);
    await agent.post(CONFIGMAPS).send({ metadata: { name: 'a' } });
    await agent.post(`${CONFIGMAPS}?dryRun=All`).send({ metadata: { name: 'b' } });
    assert.equal((await watch.next())?.type, 'ADDED');
    await agent.put(`${CONFIGMAPS}/a`).send({ metadata: { name: 'a' }, data: { x: 'y'.repeat(2_000) } });
    const patch = (type: string, body: object) =>
      agent.patch(`${CONFIGMAPS}/a`).set('Content-Type', type).send(JSON.stringify(body));
    await patch('application/merge-patch+json', { data: { z: '1' } });
    await patch('application/apply-patch+yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    await agent.get(`${CONFIGMAPS}/a`);
    await agent.head(`${CONFIGMAPS}/a`);
    await agent.get(CONFIGMAPS);
    await agent.get('/api/v1/configmaps');
    await agent.get(`${MACHINES}/none`);
    await agent.get(`${MACHINES}/none/console`).set({ Connection: 'Upgrade', Upgrade: 'websocket' });
    await agent.delete(`${CONFIGMAPS}/a`);
    await agent.delete(CONFIGMAPS);
    await agent.get('/apis/torpor.dev/v1alpha1/namespaces/a/made-up-by-the-client');
    await agent.get('/made-up-by-the-client');
    await scrape();
    watch.close();
  });
  after(async () => {
    await api?.stop();
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('H4, H5: the names and labels of kube-apiserver, no more and no less', () => {
    const table: Record<string, readonly string[]> = {
      apiserver_request_total: [...request, 'dry_run', 'code'],
      apiserver_request_duration_seconds_bucket: [...request, 'dry_run', 'le'],
      apiserver_request_sli_duration_seconds_bucket: [...request, 'le'],
      apiserver_response_sizes_bucket: [...request, 'le'],
      apiserver_longrunning_requests: request,
      apiserver_current_inflight_requests: ['request_kind'],
      apiserver_watch_events_total: ['group', 'version', 'resource'],
      apiserver_watch_events_sizes_bucket: ['group', 'version', 'resource', 'le'],
      apiserver_request_filter_duration_seconds_bucket: ['filter', 'le'],
      apiserver_tls_handshake_errors_total: [],
      authentication_attempts: ['result'],
      authenticated_user_requests: ['username'],
      authorization_attempts_total: ['result'],
      etcd_request_duration_seconds_bucket: ['operation', 'group', 'resource', 'le'],
      etcd_requests_total: ['operation', 'group', 'resource'],
      etcd_request_errors_total: ['operation', 'group', 'resource'],
      apiserver_storage_objects: ['resource'],
      apiserver_resource_objects: ['group', 'resource'],
      apiserver_storage_size_bytes: ['storage_cluster_id'],
      apiserver_watch_cache_resource_version: ['group', 'resource'],
      process_cpu_seconds_total: [],
      process_resident_memory_bytes: [],
      nodejs_eventloop_lag_seconds: [],
    };
    for (const [name, labels] of Object.entries(table)) {
      const [first] = of(name);
      assert.ok(first !== undefined, `${name} is not there`);
      assert.deepEqual(Object.keys(first.labels).sort(), [...labels].sort(), name);
    }
    assert.deepEqual(
      new Set(of('apiserver_request_total').map(({ labels }) => labels.component)),
      new Set(['apiserver']),
    );
  });

  test('H4: the verbs of kube-apiserver, scopes, codes and dry runs', () => {
    const one = (verb: string, scope: string, code: string, more: Record<string, string> = {}) =>
      sum('apiserver_request_total', { group: '', version: 'v1', resource: 'configmaps', verb, scope, code, ...more });
    assert.equal(one('POST', 'namespace', '201', { dry_run: '' }), 1);
    assert.equal(one('POST', 'namespace', '201', { dry_run: 'All' }), 1);
    assert.equal(one('PUT', 'resource', '200'), 1);
    assert.equal(one('PATCH', 'resource', '200'), 1);
    assert.equal(sum('apiserver_request_total', { verb: 'APPLY', resource: 'configmaps' }), 1);
    assert.equal(one('GET', 'resource', '200'), 2, 'GET and HEAD');
    assert.equal(one('LIST', 'namespace', '200'), 1);
    assert.equal(one('LIST', 'cluster', '200'), 1);
    assert.equal(one('DELETE', 'resource', '200'), 1);
    assert.equal(one('DELETECOLLECTION', 'namespace', '200'), 1);
    assert.equal(sum('apiserver_request_total', { verb: 'GET', resource: 'virtualmachines', code: '404' }), 1);
    assert.equal(sum('apiserver_request_total', { verb: 'CONNECT', subresource: 'console', code: '404' }), 1);
    assert.equal(sum('apiserver_longrunning_requests', { verb: 'WATCH', resource: 'configmaps' }), 1);
    assert.ok(samples.every(({ labels }) => !Object.values(labels).includes('made-up-by-the-client')));
    assert.ok(sum('apiserver_request_total', { verb: 'OTHER', code: '404' }) >= 1);
  });

  test('H4: buckets are those of kube-apiserver', () => {
    const bounds = (name: string) => {
      const [first] = of(`${name}_bucket`);
      const { le: _le, ...labels } = first?.labels ?? {};
      return of(`${name}_bucket`, labels).map(({ labels: { le } }) => Number(le?.replace('+Inf', 'Infinity')));
    };
    assert.deepEqual(bounds('apiserver_request_duration_seconds'), [...durations, Infinity]);
    assert.deepEqual(bounds('apiserver_request_sli_duration_seconds'), [...durations.slice(2), Infinity]);
    assert.deepEqual(bounds('apiserver_response_sizes'), [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, Infinity]);
    assert.deepEqual(bounds('apiserver_watch_events_sizes'), [
      ...Array.from({ length: 8 }, (_, i) => 1024 * 2 ** i),
      Infinity,
    ]);
  });

  test('H4: what is counted is what happened', () => {
    const told = sum('apiserver_watch_events_total', { group: '', version: 'v1', resource: 'configmaps' });
    assert.ok(told === 4 || told === 5, `${told}: one for each write that changed something`);
    assert.equal(
      sum('apiserver_storage_objects', { resource: 'namespaces' }),
      sum('apiserver_resource_objects', { resource: 'namespaces' }),
    );
    assert.ok(sum('apiserver_storage_objects', { resource: 'namespaces' }) >= 1);
    assert.ok(sum('etcd_requests_total', { operation: 'create', group: '', resource: 'configmaps' }) >= 1);
    assert.ok(sum('etcd_requests_total', { operation: 'delete', group: '', resource: 'configmaps' }) >= 1);
    assert.ok(sum('apiserver_storage_size_bytes') > 10_000);
    assert.ok(sum('authentication_attempts', { result: 'success' }) > 10);
    assert.ok(sum('authorization_attempts_total', { result: 'allowed' }) > 10);
    assert.ok(sum('apiserver_request_filter_duration_seconds_count', { filter: 'authorization' }) > 10);
    // A list goes out in pieces and has a size all the same.
    assert.ok(
      sum('apiserver_response_sizes_sum', { verb: 'LIST', scope: 'namespace', resource: 'configmaps' }) > 2_000,
    );
  });

  test('H4: an aborted watch is no longer counted as open', async () => {
    for (let attempt = 0; ; attempt += 1) {
      await scrape();
      if (sum('apiserver_longrunning_requests', { verb: 'WATCH', resource: 'configmaps' }) === 0) break;
      assert.ok(attempt < 100);
      await delay(20);
    }
  });
});
