import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Attributes } from '../../access/authorization/attributes.ts';
import { admissionRequest } from '../testing/requests.ts';
import { AuthorizerValue } from './authorizer.ts';
import { CelEnvironment, CelError } from './environment.ts';
import { celValue } from './values.ts';

const environment = new CelEnvironment(['object', 'oldObject', 'authorizer']);
const asked: Attributes[] = [];
const authorizer = new AuthorizerValue(
  {
    async authorize(attributes) {
      asked.push(attributes);
      if (attributes.verb === 'break') throw new Error('nobody answers');
      return { kind: attributes.verb === 'use' ? 'allowed' : 'no opinion', reason: 'because' };
    },
  },
  { name: 'anna', groups: [], extra: {} },
  admissionRequest({ subresource: 'console', operation: 'CONNECT' }),
);
const variables = {
  object: celValue({
    metadata: { name: 'web', labels: { app: 'x', 'a/b': 'c' }, generation: 3 },
    spec: { cores: 2, ratio: 1.5, ports: [80, 443], memory: '512Mi', image: 'https://example.com:8443/a?b=c&b=d' },
  }),
  oldObject: null,
  authorizer,
};
const evaluate = (text: string, returns: 'bool' | 'any' = 'bool') =>
  environment.compile(text, returns).evaluate(variables);

describe('CEL', () => {
  test('whole numbers are int, others double; arithmetic does not mix them and comparison does', async () => {
    assert.equal(await evaluate('object.spec.cores + 1 == 3'), true);
    assert.equal(await evaluate('object.spec.ratio > 1'), true);
    assert.equal(await evaluate('type(object.spec.cores) == int && type(object.spec.ratio) == double'), true);
    await assert.rejects(evaluate('object.spec.ratio + 1 > 2'), CelError);
  });

  test('absent fields, null objects and optionals', async () => {
    assert.equal(await evaluate('oldObject == null || oldObject.spec.cores == object.spec.cores'), true);
    assert.equal(await evaluate('!has(object.spec.gpu)'), true);
    assert.equal(await evaluate('object.?spec.?gpu.orValue(0) == 0'), true);
    assert.equal(await evaluate('"a/b" in object.metadata.labels'), true);
    await assert.rejects(evaluate('object.spec.gpu == 1'), /no such key/i);
  });

  test('C1: what is unknown, or gives another type than is needed, does not compile', () => {
    for (const text of ['params.x', 'object.spec.cores +', 'frobnicate(object)', '"text"', '1']) {
      assert.throws(() => environment.compile(text, 'bool'), CelError, text);
    }
  });

  test('C2: a dynamic result of another type is an error', async () => {
    await assert.rejects(evaluate('object.metadata.name'), CelError);
    assert.equal(await evaluate('object.metadata.name', 'any'), 'web');
  });

  test('C3: prototypes are out of reach', async () => {
    for (const text of ['object.constructor', 'object.__proto__', 'object.metadata.labels.toString']) {
      await assert.rejects(evaluate(text, 'any'), /no such key/i);
    }
    assert.equal(await evaluate('"constructor" in object'), false);
  });

  test('C4: a pattern that would backtrack for ever answers', async () => {
    assert.equal(await evaluate(`"${'a'.repeat(40)}b".matches("^(a+)+$")`), false);
    assert.equal(await evaluate(`"${'a'.repeat(40)}b".find("^(a+)+$") == ""`), true);
  });

  test('strings, lists, sets', async () => {
    for (const text of [
      '"abcabc".replace("b", "x") == "axcaxc"',
      '"abcabc".replace("b", "x", 1) == "axcabc"',
      '"a1b22".findAll("[0-9]+") == ["1", "22"]',
      '"a1b22".findAll("[0-9]+", 1) == ["1"]',
      '"abc".charAt(1) == "b" && "abc".reverse() == "cba"',
      'object.spec.ports.sum() == 523 && object.spec.ports.min() == 80 && object.spec.ports.max() == 443',
      'object.spec.ports.isSorted() && ![2, 1].isSorted()',
      '[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1',
      'sets.contains(object.spec.ports, [80]) && !sets.contains([80], object.spec.ports)',
      'sets.intersects([1, 80], object.spec.ports) && sets.equivalent([1, 1], [1])',
    ]) {
      assert.equal(await evaluate(text), true, text);
    }
  });

  test('quantities', async () => {
    for (const text of [
      'quantity(object.spec.memory).isLessThan(quantity("1Gi"))',
      'quantity("1Gi").isGreaterThan(quantity("1G"))',
      'quantity("1Gi").compareTo(quantity("1024Mi")) == 0 && quantity("1Gi") == quantity("1024Mi")',
      'quantity("512Mi").add(quantity("512Mi")) == quantity("1Gi") && quantity("3").sub(1).asInteger() == 2',
      'isQuantity("1.5") && !isQuantity("much") && !quantity("1500m").isInteger()',
      'quantity("1500m").asApproximateFloat() == 1.5 && quantity("-1").sign() == -1',
    ]) {
      assert.equal(await evaluate(text), true, text);
    }
    await assert.rejects(evaluate('quantity("much").isInteger()'), CelError);
  });

  test('URLs', async () => {
    for (const text of [
      'url(object.spec.image).getHost() == "example.com:8443" && url(object.spec.image).getPort() == "8443"',
      'url(object.spec.image).getScheme() == "https" && url(object.spec.image).getHostname() == "example.com"',
      'url(object.spec.image).getQuery()["b"] == ["c", "d"] && url("/a/b").getEscapedPath() == "/a/b"',
      'isURL("https://[::1]:80/") && !isURL("example.com/a")',
    ]) {
      assert.equal(await evaluate(text), true, text);
    }
  });

  test('the authorizer is asked for the user of the request', async () => {
    assert.equal(
      await evaluate('authorizer.group("a.b").resource("things").namespace("n").check("use").allowed()'),
      true,
    );
    assert.equal(await evaluate('authorizer.path("/healthz").check("get").allowed()'), false);
    assert.equal(await evaluate('authorizer.requestResource.check("use").allowed() ? true : false'), true);
    const [things, path, itself] = asked.splice(0);
    assert.equal(things?.user.name, 'anna');
    assert.deepEqual(things?.target, {
      kind: 'resource',
      group: 'a.b',
      version: '*',
      resource: 'things',
      subresource: '',
      namespace: 'n',
      name: '',
      fieldSelector: '',
      labelSelector: '',
    });
    assert.deepEqual(path?.target, { kind: 'path', path: '/healthz' });
    assert.ok(itself?.target.kind === 'resource' && itself.target.subresource === 'console');
    const broken = 'authorizer.group("").resource("x").check("break")';
    assert.equal(await evaluate(`${broken}.errored() && ${broken}.error() == "nobody answers"`), true);
  });
});
