import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { credentialsFor, fingerprint } from './credentials.ts';
import { parseReference } from './reference.ts';

const entry = (username: string) => ({ auth: Buffer.from(`${username}:pa:ss`).toString('base64') });
const secret = (auths: unknown) => new Map([['.dockerconfigjson', Buffer.from(JSON.stringify({ auths }))]]);
const userFor = (image: string, auths: unknown) => credentialsFor(parseReference(image), secret(auths), 's')?.username;

describe('credentialsFor', () => {
  test('reads auth (with colons in the password) and username with password', () => {
    const image = parseReference('r.example/a');
    assert.deepEqual(credentialsFor(image, secret({ 'r.example': entry('u') }), 's'), {
      username: 'u',
      password: 'pa:ss',
    });
    const plain = { username: 'u', password: 'p' };
    assert.deepEqual(credentialsFor(image, secret({ 'r.example': plain }), 's'), plain);
  });

  test('the longest matching entry wins, and a path matches whole components', () => {
    const auths = {
      'r.example': entry('host'),
      'r.example/team': entry('team'),
      'https://r.example/team/app/': entry('app'),
    };
    assert.equal(userFor('r.example/other', auths), 'host');
    assert.equal(userFor('r.example/team/x', auths), 'team');
    assert.equal(userFor('r.example/team/app', auths), 'app');
    assert.equal(userFor('r.example/teamwork', auths), 'host');
    assert.equal(userFor('r.example:5000/team/x', auths), undefined);
  });

  test("knows the names of Docker's registry and a star for one label", () => {
    for (const key of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io']) {
      assert.equal(userFor('debian', { [key]: entry('hub') }), 'hub', key);
    }
    assert.equal(userFor('a.r.example/x', { '*.r.example': entry('star') }), 'star');
    assert.equal(userFor('a.b.r.example/x', { '*.r.example': entry('star') }), undefined);
  });

  test('reads the older .dockercfg', () => {
    const data = new Map([['.dockercfg', Buffer.from(JSON.stringify({ 'r.example': entry('old') }))]]);
    assert.equal(credentialsFor(parseReference('r.example/a'), data, 's')?.username, 'old');
  });

  test('a secret that is none is an error that names it', () => {
    const image = parseReference('r.example/a');
    const refuses = (data: Map<string, Buffer>, message: RegExp) =>
      assert.throws(() => credentialsFor(image, data, 'pull'), { reason: 'ImageUnauthorized', message });
    refuses(new Map([['x', Buffer.alloc(0)]]), /Secret "pull" has no key \.dockerconfigjson/);
    refuses(new Map([['.dockerconfigjson', Buffer.from('nonsense')]]), /does not hold JSON/);
    refuses(new Map([['.dockerconfigjson', Buffer.from('{}')]]), /has no "auths"/);
    refuses(new Map([['.dockerconfigjson', Buffer.from('null')]]), /does not hold JSON|has no "auths"/);
    refuses(secret({ 'r.example': {} }), /without username and password/);
  });
});

test('a fingerprint tells logins apart', () => {
  assert.notEqual(fingerprint({ username: 'a', password: 'bc' }), fingerprint({ username: 'ab', password: 'c' }));
  assert.equal(fingerprint(undefined), 'anonymous');
});
