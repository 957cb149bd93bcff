import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { answerJson, eventually, FakeServer, things } from '../../openapi/client/fake-server.ts';
import { openHostCluster } from './host-cluster.ts';
import { hostKinds, type TokenReview } from './kinds.ts';
import { review } from './review.ts';

let directory: string;
let general: FakeServer;
let reviews: FakeServer;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-host-cluster-'));
  [general, reviews] = await Promise.all([new FakeServer().start(), new FakeServer().start()]);
});
after(async () => {
  await Promise.all([general.stop(), reviews.stop()]);
  await rm(directory, { recursive: true });
});

async function kubeconfig(name: string, server: FakeServer): Promise<string> {
  const file = join(directory, name);
  const config = {
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c' } }],
    clusters: [{ name: 'c', cluster: { server: server.connection.server.href } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function open() {
  return openHostCluster({
    kubeconfig: await kubeconfig('general', general),
    authenticationKubeconfig: await kubeconfig('reviews', reviews),
    authorizationKubeconfig: undefined,
    version: 'v0',
    logger: createLogger('test', { level: 'fatal' }),
  });
}

test('H1, H3: an informer follows the cluster from when it can be reached until the end', async () => {
  const cluster = await open();
  general.intercept = (_request, response) => response.destroy();
  const informer = cluster.follow(things);
  await eventually(() => general.requests.length > 0, 'the first try');
  general.put('a', 1);
  general.intercept = undefined;
  await informer.whenSynced(AbortSignal.timeout(10_000));
  assert.equal(informer.get('default/a')?.spec?.value, 1);
  await eventually(() => general.watchCount === 1, 'the watch');
  await cluster.close();
  await eventually(() => general.watchCount === 0, 'the end of the watch');
});

test('whether a kind is served is found out by discovery', async () => {
  const cluster = await open();
  general.intercept = (_request, response, { pathname }) =>
    pathname === '/apis/authentication.k8s.io/v1'
      ? answerJson(response, 200, { kind: 'APIResourceList', resources: [{ name: 'tokenreviews' }] })
      : answerJson(response, 404, {});
  assert.equal(await cluster.serves(hostKinds.tokenReviews), true);
  assert.equal(await cluster.serves(hostKinds.subjectAccessReviews), false);
  assert.equal(await cluster.serves(things), false);
  await cluster.close();
});

test('reviews go where their kubeconfig says, and are asked again while the cluster is overloaded', async () => {
  const cluster = await open();
  const question: TokenReview = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token: 't' },
  };
  const fast = { initialMs: 1, maxMs: 1, factor: 1 };
  const ask = (client = cluster.authentication) => review(client, hostKinds.tokenReviews, question, fast);
  let asked = 0;
  reviews.intercept = (_request, response) => {
    asked += 1;
    if (asked < 3) return answerJson(response, asked === 1 ? 429 : 500, {});
    return answerJson(response, 201, { ...question, status: { authenticated: true } });
  };
  assert.equal((await ask()).status?.authenticated, true);
  assert.equal(asked, 3);

  asked = 0;
  reviews.intercept = (_request, response) => {
    asked += 1;
    response.destroy();
  };
  await assert.rejects(ask(), /cannot reach the API server/);
  assert.equal(asked, 5);

  asked = 0;
  reviews.intercept = (_request, response) => {
    asked += 1;
    answerJson(response, 403, {});
  };
  await assert.rejects(ask());
  assert.equal(asked, 1);
  // The general connection answers what no kubeconfig of its own was given for.
  assert.equal(cluster.authorization.connection, cluster.client.connection);
  await cluster.close();
});
