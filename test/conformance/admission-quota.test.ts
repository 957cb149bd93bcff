/** ResourceQuota of the host cluster for our objects (A36 of the checklist). */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type ResourceQuota, resourceQuotas } from '../../apiserver/admission/kinds.ts';
import { type AdmissionServer, startAdmissionServer } from './admission-server.ts';
import { MACHINES } from './harness.ts';
import { machine } from './machines.ts';

let server: AdmissionServer;
before(async () => {
  server = await startAdmissionServer();
});
after(() => server.stop());
afterEach(() => server.reset());

const COUNT = 'count/virtualmachines.torpor.dev';

/** As the cluster's quota controller leaves it. */
async function quota(name: string, hard: string, used: string | undefined, more: ResourceQuota['spec'] = {}) {
  server.host.put(resourceQuotas, {
    metadata: { namespace: 'default', name },
    spec: { hard: { [COUNT]: hard }, ...more },
    status: { hard: { [COUNT]: hard }, used: used === undefined ? {} : { [COUNT]: used } },
  });
  await server.settled();
}
const used = (name: string) => server.host.read(resourceQuotas, `default/${name}`)?.status?.used?.[COUNT];
const create = (name: string, query = '') => server.admin.post(`${MACHINES}${query}`).send(machine(name));

test('A36: each new machine is charged, and the one too many is refused in upstream’s words', async () => {
  await quota('small', '2', '0');
  await create('q1').expect(201);
  await create('q2').expect(201);
  assert.equal(used('small'), '2');
  const refused = await create('q3').expect(403);
  assert.equal(refused.body.reason, 'Forbidden');
  assert.equal(
    refused.body.message,
    `virtualmachines.torpor.dev "q3" is forbidden: exceeded quota: small, requested: ${COUNT}=1, used: ${COUNT}=2, limited: ${COUNT}=2`,
  );
  await server.admin.get(`${MACHINES}/q3`).expect(404);
  assert.equal(used('small'), '2');
});

test('A36: however many come at once, and whoever else writes the quota, there are never more than it has room for', async () => {
  await quota('busy', '5', '0');
  let meddled = 0;
  server.host.intercept = (request) => {
    // Somebody else's write comes in between, so that every other one of ours is stale.
    if (request.method !== 'PUT' || meddled >= 6) return false;
    meddled += 1;
    const now = server.host.read(resourceQuotas, 'default/busy');
    if (now !== undefined && meddled % 2 === 1) server.host.put(resourceQuotas, now);
    return false;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => create(`busy-${index}`)));
  const codes = answers.map(({ status }) => status).sort();
  assert.deepEqual(codes, [...Array(5).fill(201), ...Array(15).fill(403)]);
  assert.equal(used('busy'), '5');
});

test('A36: those that come at once are charged together', async () => {
  await quota('together', '100', '0');
  server.host.requests.length = 0;
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => create(`together-${index}`)));
  assert.ok(answers.every(({ status }) => status === 201));
  assert.equal(used('together'), '20');
  const writes = server.host.requests.filter((line) => line.startsWith('PUT')).length;
  assert.ok(writes < 20, `${writes} writes for 20 machines`);
});

test('A36: a dry run is checked and not charged', async () => {
  await quota('dry', '1', '0');
  await create('dry-1', '?dryRun=All').expect(201);
  assert.equal(used('dry'), '0');
  await create('dry-1').expect(201);
  await create('dry-2', '?dryRun=All').expect(403);
  assert.equal(used('dry'), '1');
});

test('A36: what is not stored is given back, also when a second quota refuses', async () => {
  await quota('first', '9', '0');
  await create('twice').expect(201);
  await create('twice').expect(409);
  assert.equal(used('first'), '1');
  await quota('second', '1', '1');
  await create('refused').expect(403);
  assert.deepEqual([used('first'), used('second')], ['1', '1']);
});

test('A36: a quota that has not been counted refuses; one with scopes, or of something else, has no say', async () => {
  await quota('uncounted', '9', undefined);
  const refused = await create('uncounted').expect(403);
  assert.match(refused.body.message, /status unknown for quota: uncounted, resources: count\/virtualmachines/);
  await server.reset();
  await quota('scoped', '0', '0', { scopes: ['BestEffort'] });
  server.host.put(resourceQuotas, {
    metadata: { namespace: 'default', name: 'pods' },
    status: { hard: { 'count/pods': '0' }, used: { 'count/pods': '0' } },
  });
  await server.settled();
  await create('uncounted').expect(201);
});

test('A36: a refusal is decided from the quota as it is, and no machine passes while it cannot be written', async () => {
  await quota('raised', '1', '1');
  const now = server.host.read(resourceQuotas, 'default/raised');
  // The copy that is followed does not get to know of this.
  server.host.intercept = (request, response, path) => {
    if (request.method !== 'GET' || !path.endsWith('/resourcequotas/raised')) return false;
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ ...now, status: { hard: { [COUNT]: '2' }, used: { [COUNT]: '1' } } }));
  };
  await create('raised').expect(201);
  server.host.intercept = (request, response) => request.method === 'PUT' && response.writeHead(403).end();
  await quota('raised', '9', '1');
  await create('unwritten').expect(503);
  await server.admin.get(`${MACHINES}/unwritten`).expect(404);
});

test('A36: updates and deletes are not counted here: the cluster’s controller counts what is left', async () => {
  await create('counted').expect(201);
  await quota('full', '1', '1');
  const merge = server.admin.patch(`${MACHINES}/counted`).set('Content-Type', 'application/merge-patch+json');
  await merge.send({ metadata: { labels: { a: 'b' } } }).expect(200);
  await server.admin.delete(`${MACHINES}/counted`).expect(200);
  assert.equal(used('full'), '1');
});
