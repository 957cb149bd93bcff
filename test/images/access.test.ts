import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createImageStore, type ImageStore } from '../../launcher/images/image-store.ts';
import { diskLayer, type FakeRegistry, startFakeRegistry } from '../harness/fake-registry.ts';

/** Who may pull what, and where credentials go. */
const caller = () => ({ signal: new AbortController().signal, progress: () => {} });
const LOGIN = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

describe('a private image', () => {
  let directory: string;
  let fake: FakeRegistry;
  let store: ImageStore;
  let image: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-access-'));
    fake = await startFakeRegistry();
    store = await createImageStore({ directory });
    image = fake.add('team/private', [await diskLayer(randomBytes(4096))]).image;
  });
  afterEach(async () => {
    await store.close();
    await fake.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const secretFor = (auths: unknown, name = 'pull') => ({
    name,
    data: new Map([['.dockerconfigjson', Buffer.from(JSON.stringify({ auths }))]]),
  });
  const login = (password = 'secret') => secretFor({ [fake.host]: { username: 'alice', password } });
  const use = (secret?: ReturnType<typeof secretFor>, pullPolicy?: 'Always' | 'Never') =>
    store.withImage({ image, pullPolicy, secret }, caller(), async (disk) => disk.key);

  /** A registry with a token server, as Docker Hub has it. */
  const wantTokens = (anonymous = false) => {
    fake.misbehave = (request, response) => {
      const url = new URL(request.url ?? '', `http://${fake.host}`);
      if (url.pathname === '/token') {
        assert.equal(url.searchParams.get('scope'), 'repository:team/private:pull');
        assert.equal(url.searchParams.get('service'), 'fake');
        if (!anonymous && request.headers.authorization !== LOGIN) response.writeHead(401).end();
        else response.end(JSON.stringify({ token: 'let-me-in' }));
        return true;
      }
      if (request.headers.authorization === 'Bearer let-me-in') return false;
      const challenge = `Bearer realm="http://${fake.host}/token",service="fake",scope="repository:team/private:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
  };
  const wantBasic = () => {
    fake.misbehave = (request, response) => {
      if (request.headers.authorization === LOGIN) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
      return true;
    };
  };

  test('is pulled with a token for the login of the pull secret', async () => {
    wantTokens();
    assert.match(await use(login()), /^sha256-/);
  });

  test('is pulled with Basic where the registry wants that', async () => {
    wantBasic();
    assert.match(await use(login()), /^sha256-/);
  });

  test('is refused without a secret, and with a wrong one, with what to do', async () => {
    wantBasic();
    await assert.rejects(use(), {
      reason: 'ImageUnauthorized',
      message: /the registry wants a login; name a pull secret/,
    });
    await assert.rejects(use(login('wrong')), {
      reason: 'ImageUnauthorized',
      message: /credentials of the pull secret are refused/,
    });
    wantTokens();
    await assert.rejects(use(), { reason: 'ImageUnauthorized', message: /it wants a login/ });
    await assert.rejects(use(login('wrong')), {
      reason: 'ImageUnauthorized',
      message: /token server refuses the credentials/,
    });
  });

  test('a secret that cannot be read is named, and nothing of it is told', async () => {
    wantBasic();
    const broken = { name: 'broken', data: new Map([['.dockerconfigjson', Buffer.from('{hunter2')]]) };
    await assert.rejects(use(broken), (error: Error) => {
      assert.match(error.message, /Secret "broken" does not hold JSON/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });

  test('once in the cache, is not handed to somebody whom the registry does not let in (S2)', async () => {
    wantBasic();
    await use(login());
    const pulls = () => fake.requests.filter(({ path }) => path.includes('/blobs/')).length;
    const before = pulls();
    await use(login());
    assert.equal(fake.requests.length > 0 && pulls(), before, 'the owner needs no second download');
    await assert.rejects(use(), { reason: 'ImageUnauthorized' });
    await assert.rejects(use(login('guessed')), { reason: 'ImageUnauthorized' });
    await assert.rejects(use(undefined, 'Never'), { reason: 'ImageNotFound' });
  });

  test('a public image is handed to everybody from the cache', async () => {
    await use();
    const asked = fake.requests.length;
    await use(login());
    assert.equal(fake.requests.length, asked);
  });

  test('credentials do not follow a redirect to another host (H2)', async () => {
    wantBasic();
    const other = await startFakeRegistry();
    try {
      const serve = fake.misbehave;
      fake.misbehave = (request, response) => {
        if (serve(request, response)) return true;
        if (!request.url?.includes('/blobs/')) return false;
        response.writeHead(307, { location: `http://${other.host}${request.url}` }).end();
        return true;
      };
      other.blobs = fake.blobs;
      await use(login());
      assert.equal(other.requests.length, 1);
      assert.equal(other.requests[0]?.headers.authorization, undefined);
    } finally {
      await other.stop();
    }
  });

  test('a token server in plain http elsewhere gets no credentials', async () => {
    fake.misbehave = (_: http.IncomingMessage, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }).end();
      return true;
    };
    await assert.rejects(use(login()), {
      reason: 'RegistryUnavailable',
      message: /http:\/\/192\.0\.2\.1 is not spoken to/,
    });
  });
});
