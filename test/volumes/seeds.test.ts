import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { cloudInitNoCloud } from '../../launcher/volumes/cloud-init-nocloud.ts';
import { configMap } from '../../launcher/volumes/config-map.ts';
import { secret } from '../../launcher/volumes/secret.ts';
import type { VolumeOutcome } from '../../launcher/volumes/volume.ts';
import type { Volume } from '../../openapi/api.ts';
import { createVolumeContext, type FakeContext, machineWith } from '../harness/volume-context.ts';

const run = promisify(execFile);

let context: FakeContext;
beforeEach(async () => {
  context = await createVolumeContext();
});
afterEach(() => context.remove());

/** The path of a ready image. */
function pathOf(outcome: VolumeOutcome): string {
  if (outcome.kind !== 'ready' || outcome.source.kind !== 'file') assert.fail(JSON.stringify(outcome));
  assert.equal(outcome.source.format, 'raw');
  assert.equal(outcome.source.readOnly, true);
  return outcome.source.path;
}

async function fileIn(image: string, name: string): Promise<string> {
  return (await run('isoinfo', ['-R', '-i', image, '-x', `/${name}`])).stdout;
}

async function namesIn(image: string): Promise<string[]> {
  const { stdout } = await run('isoinfo', ['-R', '-f', '-i', image]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(1))
    .sort();
}

describe('cloudInitNoCloud', () => {
  const volume = (source: NonNullable<Volume['cloudInitNoCloud']>): Volume => ({
    name: 'seed',
    cloudInitNoCloud: source,
  });
  const prepare = (source: NonNullable<Volume['cloudInitNoCloud']>, where = context) =>
    cloudInitNoCloud.prepare(volume(source), where);

  test('puts user data, network data and meta-data where cloud-init looks for them', async () => {
    const image = pathOf(
      await prepare({
        userData: '#cloud-config\nhostname: x\n',
        networkDataBase64: Buffer.from('version: 2\n').toString('base64'),
      }),
    );
    assert.deepEqual(await namesIn(image), ['meta-data', 'network-config', 'user-data']);
    assert.equal(await fileIn(image, 'user-data'), '#cloud-config\nhostname: x\n');
    assert.equal(await fileIn(image, 'network-config'), 'version: 2\n');
    assert.equal(
      await fileIn(image, 'meta-data'),
      'instance-id: 0d9e1a2b-0000-4000-8000-000000000042\nlocal-hostname: web\n',
    );
    assert.match((await run('blkid', ['-p', '-o', 'value', '-s', 'LABEL', image])).stdout, /^cidata$/m);
  });

  test("is readable by QEMU's user alone, since it may hold secrets", async () => {
    const { mode, uid, gid } = await stat(pathOf(await prepare({ userData: 'x' })));
    assert.deepEqual([mode & 0o777, uid, gid], [0o400, context.uid, context.gid]);
  });

  test('has an empty user-data when there is only network data', async () => {
    const image = pathOf(await prepare({ networkData: 'version: 1\n' }));
    assert.equal(await fileIn(image, 'user-data'), '');
  });

  test('waits for a Secret that is missing and takes it when it comes, under either key', async () => {
    for (const key of ['userdata', 'userData']) {
      const fresh = await createVolumeContext();
      const waiting = await prepare({ secretRef: { name: 'later' } }, fresh);
      assert.deepEqual(waiting, {
        kind: 'waiting',
        reason: 'SecretNotFound',
        message: 'volume "seed" waits for Secret "later": create it in the machine\'s namespace',
      });
      fresh.secrets.set('later', new Map([[key, Buffer.from('from the secret')]]));
      assert.equal(
        await fileIn(pathOf(await prepare({ secretRef: { name: 'later' } }, fresh)), 'user-data'),
        'from the secret',
      );
      await fresh.remove();
    }
  });

  test('fails for a Secret without the right key, and says which keys are right', async () => {
    context.secrets.set('odd', new Map([['other', Buffer.from('hidden')]]));
    const outcome = await prepare({ networkDataSecretRef: { name: 'odd' }, userData: 'x' });
    assert.deepEqual(outcome, {
      kind: 'failed',
      reason: 'SecretKeyMissing',
      message: 'Secret "odd" of volume "seed" has neither key networkdata nor networkData: add one',
    });
  });

  test('stays the same for a boot though the Secret changes, and is new for the next (I2, V1)', async () => {
    context.secrets.set('s', new Map([['userdata', Buffer.from('first')]]));
    const image = pathOf(await prepare({ secretRef: { name: 's' } }));
    const bytes = await readFile(image);
    context.secrets.set('s', new Map([['userdata', Buffer.from('second')]]));
    assert.equal(pathOf(await prepare({ secretRef: { name: 's' } })), image);
    assert.deepEqual(await readFile(image), bytes);
    const next = await context.nextBoot();
    assert.equal(await fileIn(pathOf(await prepare({ secretRef: { name: 's' } }, next)), 'user-data'), 'second');
    await next.remove();
  });

  test('takes the instance id from the firmware and the name from the spec, and adds SSH keys (I1)', async () => {
    const fresh = await createVolumeContext(
      machineWith([], {
        hostname: 'named',
        domain: { firmware: { uuid: 'AAAAAAAA-0000-4000-8000-000000000001' } },
        accessCredentials: [
          { sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: { noCloud: {} } } },
          {
            sshPublicKey: {
              source: { secret: { secretName: 'other' } },
              propagationMethod: { qemuGuestAgent: { users: ['x'] } },
            },
          },
        ],
      }),
    );
    assert.equal((await prepare({ userData: 'x' }, fresh)).kind, 'waiting');
    fresh.secrets.set('keys', new Map([['one', Buffer.from('# mine\nssh-ed25519 AAAA a@b\n\nssh-rsa BBBB "c"\n')]]));
    assert.equal(
      await fileIn(pathOf(await prepare({ userData: 'x' }, fresh)), 'meta-data'),
      'instance-id: aaaaaaaa-0000-4000-8000-000000000001\nlocal-hostname: named\npublic-keys:\n  - "ssh-ed25519 AAAA a@b"\n  - "ssh-rsa BBBB \\"c\\""\n',
    );
    await fresh.remove();
  });
});

describe('configMap and secret', () => {
  test('show every key as a file under the label that was asked for', async () => {
    context.configMaps.set(
      'settings',
      new Map([
        ['a.conf', Buffer.from('1')],
        ['b', Buffer.from([0, 255])],
      ]),
    );
    const image = pathOf(
      await configMap.prepare({ name: 'cfg', configMap: { name: 'settings', volumeLabel: 'SETTINGS' } }, context),
    );
    assert.deepEqual(await namesIn(image), ['a.conf', 'b']);
    assert.match((await run('blkid', ['-p', '-o', 'value', '-s', 'LABEL', image])).stdout, /^SETTINGS$/m);
    context.secrets.set('keys', new Map([['tls.key', Buffer.from('k')]]));
    const other = pathOf(await secret.prepare({ name: 'tls', secret: { secretName: 'keys' } }, context));
    assert.equal(await fileIn(other, 'tls.key'), 'k');
    assert.equal((await stat(other)).mode & 0o777, 0o400);
    assert.match((await run('blkid', ['-p', '-o', 'value', '-s', 'LABEL', other])).stdout, /^cfgdata$/m);
  });

  test('wait for what is missing, unless it is optional', async () => {
    const waiting = await secret.prepare({ name: 'tls', secret: { secretName: 'none' } }, context);
    assert.deepEqual(waiting, {
      kind: 'waiting',
      reason: 'SecretNotFound',
      message: 'volume "tls" waits for Secret "none": create it, or set optional',
    });
    const empty = pathOf(
      await configMap.prepare({ name: 'cfg', configMap: { name: 'none', optional: true } }, context),
    );
    assert.deepEqual(await namesIn(empty), []);
  });
});
