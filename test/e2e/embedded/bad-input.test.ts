import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addressOf, assertNothingLeft, http, kubectl, run, traces, up } from '../../harness/embedded.ts';
import {
  condition,
  createTiny,
  deleteMachines,
  exists,
  tinyDisk,
  tinyMachine,
  untilRunning,
  untilStatus,
} from '../../harness/tiny-machine.ts';

type Loose = { metadata: { name: string }; spec: Record<string, unknown> & { domain: Record<string, unknown> } };

/** A machine that is right but for what `spoil` does to it. */
function spoiled(spoil: (machine: Loose) => void): string {
  const machine = JSON.parse(tinyMachine('spoiled')) as Loose;
  spoil(machine);
  return JSON.stringify(machine);
}

/** What a person gets who describes a machine wrongly: which field, what is wrong with it, and nothing is stored. */
describe('a machine that is described wrongly', () => {
  before(() => up());

  const cases: readonly { what: string; spoil: (machine: Loose) => void; says: RegExp }[] = [
    {
      what: 'an unknown field',
      spoil: ({ spec }) => {
        spec.domain.memroy = { guest: '1Gi' };
      },
      says: /BadRequest.*strict decoding error: unknown field "spec\.domain\.memroy"/,
    },
    {
      what: 'a text where a number belongs',
      spoil: ({ spec }) => {
        spec.domain.cpu = { cores: 'many' };
      },
      says: /is invalid: spec\.domain\.cpu\.cores: Invalid value: .*must be of type integer/,
    },
    {
      what: 'a list where an object belongs',
      spoil: ({ spec }) => {
        spec.domain.cpu = [2];
      },
      says: /is invalid: spec\.domain\.cpu: Invalid value: .*must be of type object/,
    },
    {
      what: 'two disks with one name',
      spoil: ({ spec }) => {
        const root = { name: 'root', disk: { bus: 'virtio' } };
        spec.domain.devices = { disks: [root, root] };
        spec.networks = [];
      },
      says: /is invalid: spec\.domain\.devices\.disks\[1\]\.name: Duplicate value: "root"/,
    },
    {
      what: 'two volumes with one name',
      spoil: ({ spec }) => {
        spec.volumes = [tinyDisk(), tinyDisk()];
      },
      says: /is invalid: spec\.volumes\[1\]\.name: Duplicate value: "root"/,
    },
    {
      what: 'a disk without a volume',
      spoil: ({ spec }) => {
        spec.domain.devices = { disks: [{ name: 'data', disk: { bus: 'virtio' } }] };
        spec.networks = [];
      },
      says: /is invalid: spec\.domain\.devices\.disks\[0\]\.name: Not found: "data": no volume/,
    },
    {
      what: 'memory "lots"',
      spoil: ({ spec }) => {
        spec.domain.memory = { guest: 'lots' };
      },
      says: /is invalid: spec\.domain\.memory\.guest: Invalid value: "lots": quantities must match/,
    },
    {
      what: 'capitals in its name',
      spoil: ({ metadata }) => {
        metadata.name = 'Spoiled';
      },
      says: /is invalid: metadata\.name: Invalid value: "Spoiled": a lowercase RFC 1123 subdomain/,
    },
  ];

  for (const { what, spoil, says } of cases) {
    it(`is refused for ${what}, and nothing is stored`, async () => {
      const before = await kubectl(['get', 'vm', '-o', 'name']);
      const { code, stderr } = await run('kubectl', ['apply', '-f', '-'], { input: spoiled(spoil) });
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.equal(await kubectl(['get', 'vm', '-o', 'name']), before);
    });
  }

  it('says all that is wrong at once', async () => {
    const input = spoiled(({ metadata, spec }) => {
      metadata.name = 'Spoiled';
      spec.domain.memory = { guest: 'lots' };
    });
    const { stderr } = await run('kubectl', ['apply', '-f', '-'], { input });
    assert.match(stderr, /metadata\.name/);
    assert.match(stderr, /spec\.domain\.memory\.guest/);
  });
});

/** What a machine refers to may come later: it waits, says for what, and starts by itself. */
describe('a machine that refers to something missing', () => {
  let traced: string[] = [];

  before(async () => {
    await up();
    traced = traces();
  });
  after(async () => {
    await deleteMachines('waits', 'stuck');
    await kubectl(['delete', 'secret/later', 'pvc/later', '--ignore-not-found']);
    await assertNothingLeft(traced);
  });

  const volumes = [
    tinyDisk(),
    { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'later' } } },
    { name: 'data', persistentVolumeClaim: { claimName: 'later' } },
  ];
  const waitsFor = (name: string, message: RegExp) =>
    untilStatus(name, `waits for ${message}`, (status) => {
      const found = condition(status, 'VolumesReady');
      return found?.status === 'False' && message.test(found.message ?? '');
    });

  it('waits, and says for which Secret and which claim', async () => {
    await createTiny('waits', { volumes });
    const status = await waitsFor('waits', /create it in the machine's namespace/);
    assert.equal(status.phase, 'Preparing');
    const { reason, message = '' } = condition(status, 'VolumesReady') ?? {};
    assert.ok(reason === 'SecretNotFound' || reason === 'ClaimNotBound', reason);
    assert.match(message, /volume "seed" waits for Secret "later": create it in the machine's namespace/);
    assert.match(message, /volume "data" waits for PersistentVolumeClaim "later" to exist and be bound/);
  });

  it('is deleted at once while it waits, and leaves nothing', async () => {
    await createTiny('stuck', { volumes });
    await waitsFor('stuck', /Secret "later"/);
    const only = traces();
    await deleteMachines('stuck');
    assert.equal(await exists('stuck'), false);
    assert.ok(traces().length < only.length);
  });

  it('says what is still missing when a part has come', async () => {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'later' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(claim));
    const status = await untilStatus('waits', 'waits for the Secret alone', (now) => {
      const message = condition(now, 'VolumesReady')?.message ?? '';
      return /Secret "later"/.test(message) && !/PersistentVolumeClaim/.test(message);
    });
    assert.equal(condition(status, 'VolumesReady')?.reason, 'SecretNotFound');
  });

  it('names the key that a Secret lacks', async () => {
    await kubectl(['create', 'secret', 'generic', 'later', '--from-literal=wrong=x']);
    await waitsFor('waits', /Secret "later" of volume "seed" has neither key userdata nor userData: add one/);
  });

  it('starts by itself when all is there', async () => {
    const userData = '#cloud-config\nwrite_files:\n  - path: /www/index.html\n    content: from the secret\n';
    await kubectl([
      'patch',
      'secret',
      'later',
      '--type=merge',
      '-p',
      JSON.stringify({ stringData: { userdata: userData } }),
    ]);
    await untilRunning('waits');
    assert.match(await http(await addressOf('waits')), /from the secret/);
  });
});
