/** What the informers of client-go do with a watch: the stream that begins with the state, and going on where it ended. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { startApi, type TestApi } from './harness.ts';
import type { WatchClient } from './watch-client.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const PARTIAL =
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** The part of client-go's reflector that decides what is asked and what is believed. */
class Reflector {
  store = new Map<string, string>();
  version = '';
  /** How often it began anew with the whole state. */
  syncs = 0;
  readonly #accept: string | undefined;
  #client: WatchClient | undefined;
  #running = true;
  done: Promise<void> = Promise.resolve();

  constructor(accept?: string) {
    this.#accept = accept;
  }

  start(api: () => TestApi): this {
    this.done = (async () => {
      while (this.#running) await this.#round(api()).catch(() => delay(20));
    })();
    return this;
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#client?.close();
    await this.done;
  }

  async #round(api: TestApi): Promise<void> {
    const first = this.syncs === 0 || this.version === '';
    const initial = first ? `&sendInitialEvents=true&resourceVersionMatch=NotOlderThan` : '';
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${this.version}&timeoutSeconds=1${initial}`;
    const client = await api.admin.watch(`${CONFIGMAPS}?${query}`, this.#accept);
    this.#client = client;
    if (client.statusCode !== 200) throw new Error(String(client.statusCode));
    // Until the mark, what comes is gathered beside the store.
    let gathered: Map<string, string> | undefined = first ? new Map() : undefined;
    for (let frame = await client.next(); frame !== undefined; frame = await client.next()) {
      const { metadata } = frame.object as KubernetesObject;
      const place = gathered ?? this.store;
      if (frame.type === 'ERROR') {
        this.version = '';
        return;
      }
      if (this.#accept !== undefined) assert.equal(frame.object.kind, 'PartialObjectMetadata');
      if (frame.type === 'DELETED') place.delete(metadata.name ?? '');
      else if (frame.type !== 'BOOKMARK') place.set(metadata.name ?? '', metadata.resourceVersion ?? '');
      else if (gathered !== undefined && metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
        this.store = gathered;
        gathered = undefined;
        this.syncs += 1;
      }
      this.version = metadata.resourceVersion ?? '';
    }
  }
}

describe('informers', () => {
  let t: TestApi;
  const running: Reflector[] = [];
  const reflector = (accept?: string) => {
    const one = new Reflector(accept).start(() => t);
    running.push(one);
    return one;
  };
  const until = async (what: string, condition: () => boolean) => {
    for (let attempt = 0; !condition(); attempt += 1) {
      assert.ok(attempt < 500, what);
      await delay(20);
    }
  };
  const truth = async () => {
    const { body } = await t.admin.get(CONFIGMAPS).expect(200);
    return body.items.map(({ metadata }: KubernetesObject) => `${metadata.name} ${metadata.resourceVersion}`).join(',');
  };
  const told = ({ store }: Reflector) =>
    [...store]
      .map((entry) => entry.join(' '))
      .sort()
      .join(',');
  before(async () => {
    t = await startApi();
  });
  after(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await t?.stop();
  });

  test('W10, W12: the request of client-go syncs an informer, of objects and of metadata, with and without objects', async () => {
    const early = [reflector(), reflector(PARTIAL)];
    for (const one of early) await until('an empty collection is synced', () => one.syncs === 1);
    for (let i = 0; i < 5; i += 1) await t.admin.post(CONFIGMAPS, { metadata: { name: `c${i}` } }).expect(201);
    const late = [reflector(), reflector(PARTIAL)];
    for (const one of late) await until('a collection is synced', () => one.syncs === 1);
    const expected = await truth();
    for (const one of [...early, ...late]) await until('the same objects', () => told(one) === expected);
  });

  test('W12, W13: over many ends and a restart of the server they follow every change and begin anew once at most', async () => {
    const all = [reflector(), reflector(PARTIAL)];
    for (const one of all) await until('synced', () => one.syncs === 1);
    for (let i = 0; i < 60; i += 1) {
      const path = `${CONFIGMAPS}/c${i % 5}`;
      await t.admin.patch(path, { data: { i: String(i) } }).expect(200);
      if (i % 7 === 0) {
        await t.admin.delete(path).expect(200);
        await t.admin.post(CONFIGMAPS, { metadata: { name: `c${i % 5}` } }).expect(201);
      }
      if (i === 30) await t.restart();
      await delay(50);
    }
    const expected = await truth();
    for (const one of all) {
      await until(`${told(one)} becomes ${expected}`, () => told(one) === expected);
      assert.ok(one.syncs <= 2, `${one.syncs} syncs`);
    }
  });
});
