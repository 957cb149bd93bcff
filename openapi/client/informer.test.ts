import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { answerJson, eventually, FakeServer, type Thing, things } from './fake-server.ts';
import { Informer, type InformerOptions } from './informer.ts';

let server: FakeServer;
let informer: Informer<Thing>;
let keys: string[];
let problems: string[];

beforeEach(async () => {
  server = await new FakeServer().start();
  keys = [];
  problems = [];
});
afterEach(async () => {
  await informer.stop();
  await server.stop();
});

async function follow(options: InformerOptions<Thing> = {}) {
  informer = new Informer(server.client, things, {
    pauses: { first: 5, longest: 20 },
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  informer.onKey((key) => keys.push(key));
  informer.start();
  await informer.whenSynced(AbortSignal.timeout(5000));
}

/** The copy is what the server has. */
const inStep = () =>
  informer.size === server.objects.size &&
  [...server.objects].every(
    ([key, object]) => informer.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion,
  );

test('I1, I2, I6: list, then events; handlers get keys and see the newest', async () => {
  server.put('a', 1);
  await follow();
  assert.ok(informer.synced);
  assert.deepEqual(keys, ['default/a']);
  await eventually(() => server.watchCount === 1, 'a watch');
  server.put('a', 2);
  server.put('b', 1);
  server.remove('a');
  await eventually(() => keys.length === 4, 'three events');
  assert.deepEqual(keys.slice(1), ['default/a', 'default/b', 'default/a']);
  assert.equal(informer.get('default/a'), undefined);
  assert.ok(inStep());
});

test('I3, I4: what happened while it was blind is found after a 410', async () => {
  server.put('gone', 1);
  server.put('changed', 1);
  server.put('same', 1);
  await follow();
  await eventually(() => server.watchCount === 1, 'a watch');
  server.endWatches('cut');
  server.intercept = (_request, response) => response.destroy();
  server.remove('gone');
  server.put('changed', 2);
  server.put('new', 1);
  server.oldest = server.revision;
  keys.length = 0;
  server.intercept = undefined;
  await eventually(inStep, 'being in step again');
  assert.deepEqual([...keys].sort(), ['default/changed', 'default/gone', 'default/new']);
  assert.ok(problems.some((problem) => problem.includes('expired')));
});

test('I3: an object that was deleted and made again between two watches is handed out', async () => {
  server.put('a', 1);
  await follow();
  await eventually(() => server.watchCount === 1, 'a watch');
  const uid = informer.get('default/a')?.metadata.uid;
  server.oldest = server.revision + 2;
  server.endWatches('cut');
  server.remove('a');
  server.put('a', 1);
  await eventually(() => informer.get('default/a')?.metadata.uid !== uid, 'the new object');
});

test('I5: cuts, orderly ends, refusals, garbage and silence: it comes back each time', async () => {
  await follow({ watchIdleMs: 60 });
  const misbehave: ((response: import('node:http').ServerResponse) => void)[] = [
    (response) => response.destroy(),
    (response) => answerJson(response, 503, { kind: 'Status', reason: 'ServiceUnavailable', code: 503 }),
    (response) => answerJson(response, 429, {}),
    (response) => response.end('{"type":"ADDED"'),
    (response) => response.end('nonsense\n'),
    (response) => response.end(),
    (response) => response.flushHeaders(),
  ];
  for (const [index, answer] of misbehave.entries()) {
    let met = 0;
    server.intercept = (_request, response, url) => {
      if (!url.searchParams.get('watch') || met > 1) return false;
      met++;
      answer(response);
      return true;
    };
    server.endWatches('cut');
    await eventually(() => met > 1, `misbehaviour ${index} twice`);
    server.put(`x${index}`, 1);
    await eventually(inStep, `being in step after misbehaviour ${index}`);
  }
});

test('I5: a server that ends every watch at once is not asked in a busy loop', async () => {
  await follow({ pauses: { first: 50, longest: 200 } });
  server.intercept = (_request, response, url) => (url.searchParams.get('watch') ? response.end() : false);
  server.endWatches('ended');
  const before = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.ok(server.requests.length - before < 12, `${server.requests.length - before} requests`);
});

test('I1: an orderly end is followed from the last revision, bookmarks included, without a list', async () => {
  server.put('a', 1);
  await follow();
  await eventually(() => server.watchCount === 1, 'a watch');
  server.put('b', 1);
  await eventually(inStep, 'b');
  server.endWatches('ended');
  await eventually(() => server.watchCount === 1, 'a second watch');
  assert.equal(server.requests.filter((request) => !request.includes('watch=')).length, 1);
  assert.match(server.requests.at(-1) ?? '', new RegExp(`resourceVersion=${server.revision}\\b`));
});

test('I3: pages are put together; when their token expires, the list is read in one piece', async () => {
  server.put('a', 1);
  server.put('b', 1);
  let refused = 0;
  server.intercept = (_request, response, url) => {
    if (url.searchParams.get('watch')) return false;
    const token = url.searchParams.get('continue');
    const items = [...server.objects.values()];
    if (token) {
      refused++;
      answerJson(response, 410, { kind: 'Status', reason: 'Expired', code: 410 });
    } else if (url.searchParams.get('limit')) {
      answerJson(response, 200, {
        kind: 'ThingList',
        metadata: { resourceVersion: '5', continue: 't' },
        items: items.slice(0, 1),
      });
    } else {
      answerJson(response, 200, { kind: 'ThingList', metadata: { resourceVersion: String(server.revision) }, items });
    }
    return true;
  };
  await follow();
  assert.equal(refused, 1);
  assert.ok(inStep());
});

test('I7: a handler that throws harms nobody', async () => {
  informer = new Informer(server.client, things, { onProblem: (problem) => problems.push(problem) });
  informer.onKey(() => {
    throw new Error('bad handler');
  });
  informer.onKey((key) => keys.push(key));
  informer.start();
  await informer.whenSynced();
  await eventually(() => server.watchCount === 1, 'a watch');
  server.put('a', 1);
  await eventually(() => keys.length === 1, 'the other handler');
  assert.ok(problems.some((problem) => problem.includes('a handler failed on default/a')));
});

test('I8: after stop nothing is called and nothing runs; starting twice is refused', async () => {
  await follow();
  assert.throws(() => informer.start(), /runs already/);
  await eventually(() => server.watchCount === 1, 'a watch');
  await informer.stop();
  await eventually(() => server.watchCount === 0, 'the watch to end');
  keys.length = 0;
  server.put('late', 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(keys, []);
});

test('I5, I6: a server that is not there yet: it waits, reports, and syncs when it comes', async () => {
  let up = false;
  server.intercept = (_request, response) => (up ? false : response.destroy());
  informer = new Informer(server.client, things, {
    pauses: { first: 5, longest: 20 },
    onProblem: (problem) => problems.push(problem),
  });
  informer.start();
  await assert.rejects(informer.whenSynced(AbortSignal.timeout(80)));
  assert.equal(informer.synced, false);
  up = true;
  await informer.whenSynced(AbortSignal.timeout(5000));
});

test('indexes follow changes', async () => {
  server.put('a', 1);
  await follow({ indexers: { value: (thing) => [String(thing.spec?.value)] } });
  await eventually(() => server.watchCount === 1, 'a watch');
  server.put('b', 1);
  server.put('a', 2);
  await eventually(inStep, 'changes');
  assert.deepEqual(
    informer.byIndex('value', '1').map((thing) => thing.metadata.name),
    ['b'],
  );
  assert.deepEqual(
    informer.byIndex('value', '2').map((thing) => thing.metadata.name),
    ['a'],
  );
  assert.throws(() => informer.byIndex('nothing', ''), /no index named nothing/);
});
