import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { type MachineBody, machine } from './machines.ts';

interface Wrong {
  readonly what: string;
  readonly change: (body: MachineBody) => void;
  readonly field: string;
  readonly says: RegExp;
}

const wrongs: readonly Wrong[] = [
  {
    what: 'two disks with one name',
    change: (m) => m.spec.domain.devices.disks.push({ name: 'root', disk: {} }),
    field: 'spec.domain.devices.disks[1]',
    says: /Duplicate value/,
  },
  {
    what: 'a disk without a volume',
    change: (m) => m.spec.domain.devices.disks.push({ name: 'data', disk: {} }),
    field: 'spec.domain.devices.disks[1].name',
    says: /Not found: "data"/,
  },
  {
    what: 'memory "lots"',
    change: (m) => {
      m.spec.domain.memory.guest = 'lots';
    },
    field: 'spec.domain.memory.guest',
    says: /Invalid value: "lots"/,
  },
  {
    what: 'no memory',
    change: (m) => {
      delete m.spec.domain.memory;
    },
    field: 'spec.domain.memory.guest',
    says: /Required value/,
  },
  {
    what: 'a name with capitals',
    change: (m) => {
      m.metadata.name = 'Web';
    },
    field: 'metadata.name',
    says: /Invalid value: "Web": a lowercase RFC 1123 subdomain/,
  },
  {
    what: 'a name longer than a host name may be',
    change: (m) => {
      m.metadata.name = 'a'.repeat(64);
    },
    field: 'metadata.name',
    says: /must be no more than 63 bytes/,
  },
  {
    what: 'cores as a text',
    change: (m) => {
      m.spec.domain.cpu.cores = 'two';
    },
    field: 'spec.domain.cpu.cores',
    says: /Invalid value/,
  },
  {
    what: 'a list where an object belongs',
    change: (m) => {
      m.spec.domain = [];
    },
    field: 'spec.domain',
    says: /Invalid value/,
  },
  {
    what: 'an unknown run strategy',
    change: (m) => {
      m.spec.runStrategy = 'Sometimes';
    },
    field: 'spec.runStrategy',
    says: /Unsupported value: "Sometimes": supported values: "Always"/,
  },
  {
    what: 'a volume with two sources',
    change: (m) => {
      m.spec.volumes[0].emptyDisk = { capacity: '1Gi' };
    },
    field: 'spec.volumes[0]',
    says: /Forbidden: may not specify more than 1 volume source/,
  },
  {
    what: 'an interface without a network',
    change: (m) => {
      m.spec.domain.devices.interfaces = [{ name: 'blue', masquerade: {} }];
      m.spec.networks = [{ name: 'red', pod: {} }];
    },
    field: 'spec.domain.devices.interfaces[0].name',
    says: /blue/,
  },
  {
    what: 'a wrong label',
    change: (m) => {
      m.metadata.labels = { 'a b': 'c' };
    },
    field: 'metadata.labels',
    says: /Invalid value: "a b"/,
  },
  {
    what: 'neither name nor generateName',
    change: (m) => {
      m.metadata = {};
    },
    field: 'metadata.name',
    says: /Required value: name or generateName is required/,
  },
];

describe('bad input: refused with the field and the reason, and nothing is stored', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
  });
  after(() => t?.stop());

  const nothingStored = async () => {
    const { body } = await t.admin.get(MACHINES).expect(200);
    assert.deepEqual(body.items, []);
  };

  for (const { what, change, field, says } of wrongs) {
    test(`E7: ${what} is 422`, async () => {
      const { body } = await t.admin.post(MACHINES, machine('web', change)).expect(422);
      assert.equal(body.reason, 'Invalid');
      const cause = body.details.causes.find((one: { field: string }) => one.field.startsWith(field));
      assert.ok(cause, `no cause for ${field} in ${JSON.stringify(body)}`);
      assert.match(cause.message, says);
      assert.match(body.message, /^VirtualMachine\.torpor\.dev "[^"]*" is invalid: /);
      await nothingStored();
    });
  }

  test('O27: an unknown field is 400 with its path, a warning when asked for, and silent when ignored', async () => {
    const typo = machine('web', (m) => {
      m.spec.domain.devices.disks[0].redonly = true;
    });
    for (const query of ['', '?fieldValidation=Strict']) {
      const { body } = await t.admin.post(`${MACHINES}${query}`, typo).expect(400);
      assert.match(body.message, /strict decoding error: unknown field "spec\.domain\.devices\.disks\[0\]\.redonly"$/);
      await nothingStored();
    }
    const warned = await t.admin.post(`${MACHINES}?fieldValidation=Warn&dryRun=All`, typo).expect(201);
    assert.equal(warned.headers.warning, '299 - "unknown field \\"spec.domain.devices.disks[0].redonly\\""');
    assert.equal(warned.body.spec.domain.devices.disks[0].redonly, undefined);
    const ignored = await t.admin.post(`${MACHINES}?fieldValidation=Ignore&dryRun=All`, typo).expect(201);
    assert.equal(ignored.headers.warning, undefined);
    await t.admin.post(`${MACHINES}?fieldValidation=Maybe`, typo).expect(422);
    await nothingStored();
  });

  test('O27: status is written by programs, which may be newer: an unknown field there is dropped with a warning', async () => {
    await t.admin.post(MACHINES, machine('web')).expect(201);
    const written = await t.admin.patch(`${MACHINES}/web/status`, { status: { newer: 1 } }).expect(200);
    assert.equal(written.headers.warning, '299 - "unknown field \\"status.newer\\""');
    assert.equal(written.body.status.newer, undefined);
    await t.admin.patch(`${MACHINES}/web`, { spec: { newer: 1 } }).expect(422);
  });

  test('O27: what another version stored does not stand in the way of who patches something else', async () => {
    const key = '/registry/torpor.dev/virtualmachines/default/web';
    const { entry } = await t.store.get(key);
    assert.ok(entry);
    const stored = JSON.parse(entry.value.toString());
    const value = Buffer.from(JSON.stringify({ ...stored, spec: { ...stored.spec, newer: 1 } }));
    const outcome = await t.store.commit([{ kind: 'put', key, value, expect: entry.revision }]);
    assert.equal(outcome.kind, 'committed');
    const { body } = await t.admin.patch(`${MACHINES}/web`, { metadata: { labels: { a: 'b' } } }).expect(200);
    assert.equal(body.metadata.labels.a, 'b');
    assert.equal(body.spec.newer, undefined);
    await t.admin.delete(`${MACHINES}/web`).expect(200);
    await t.admin.patch(`${MACHINES}/web`, { metadata: { finalizers: null } }).expect(200);
  });

  test('O27: a key that stands twice is named', async () => {
    const text = JSON.stringify(machine('web')).replace('"spec":{', '"spec":{"hostname":"a","hostname":"b",');
    const { body } = await t.admin.post(MACHINES, text).expect(400);
    assert.match(body.message, /duplicate field "spec\.hostname"/);
    await nothingStored();
  });

  test('E8: what is no JSON, no object, or of another kind is 400', async () => {
    for (const text of ['{"apiVersion":', '[]', '"text"', '42', '', '{"kind":"Host"}', '\uFFFE{}']) {
      const { body } = await t.admin.post(MACHINES, text === '' ? undefined : text).expect(400);
      assert.equal(body.reason, 'BadRequest', text);
    }
    const deep = `{"metadata":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`;
    await t.admin.post(MACHINES, deep).expect(400);
    await t.admin.post(MACHINES, '{"metadata":{"labels":{"a":1}}}').expect(400);
    await t.admin.post(MACHINES, '{"__proto__":{"a":1}}').expect(400);
    await nothingStored();
  });

  test('C3: a media type that is not understood is 415, and YAML is understood', async () => {
    const { body } = await t.admin.post(MACHINES, 'x').set('Content-Type', 'text/plain').expect(415);
    assert.equal(body.reason, 'UnsupportedMediaType');
    const yaml = [
      'apiVersion: torpor.dev/v1alpha1',
      'kind: VirtualMachine',
      'metadata: {name: from-yaml}',
      'spec:',
      '  domain: {memory: {guest: 64Mi}}',
      '  volumes: [{name: root, registryDisk: {image: "a/b:1"}}]',
    ].join('\n');
    const made = await t.admin.post(`${MACHINES}?dryRun=All`, yaml).set('Content-Type', 'application/yaml').expect(201);
    assert.equal(made.body.spec.domain.machine.type, 'q35');
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h']
      .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`)
      .join('\n')}`;
    await t.admin.post(MACHINES, bomb).set('Content-Type', 'application/yaml').expect(400);
    await nothingStored();
  });

  test('E14: a body above 3 MiB is 413', async () => {
    const big = machine('web', (m) => {
      m.metadata.annotations = { big: 'x'.repeat(3 * 1024 * 1024) };
    });
    const { body } = await t.admin.post(MACHINES, big).expect(413);
    assert.equal(body.reason, 'RequestEntityTooLarge');
    const below = machine('web', (m) => {
      m.metadata.annotations = { big: 'x'.repeat(300_000) };
    });
    await t.admin.post(MACHINES, below).expect(422);
    await nothingStored();
  });

  test('K3, K6, K7: options and fields that a create may not have', async () => {
    const versioned = machine('web', (m) => {
      m.metadata.resourceVersion = '7';
    });
    assert.match((await t.admin.post(MACHINES, versioned)).body.message, /resourceVersion should not be set/);
    await t.admin.post(`${MACHINES}?fieldManager=${'x'.repeat(129)}`, machine('web')).expect(422);
    await t.admin.post(`${MACHINES}?fieldManager=a%07b`, machine('web')).expect(422);
    await nothingStored();
  });

  test('A31: a namespace that does not exist is 404', async () => {
    const path = MACHINES.replace('/default/', '/nowhere/');
    const { body } = await t.admin.post(path, machine('web')).expect(404);
    assert.equal(body.message, 'namespaces "nowhere" not found');
  });

  test('C2: an Accept that cannot be served is 406', async () => {
    const { body } = await t.admin.get(MACHINES).set('Accept', 'application/vnd.kubernetes.protobuf').expect(406);
    assert.equal(body.reason, 'NotAcceptable');
  });
});
