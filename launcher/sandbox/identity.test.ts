import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hierarchies } from './cgroup-mounts.ts';
import { chooseSlot, FIRST_UID, identityOf, installationMark, slotCount } from './identity.ts';
import { memoryOverhead } from './overhead.ts';

test('D1, D2: a slot follows from the machine; a collision leads to the next free one', () => {
  const first = chooseSlot('uid-a', new Set(), 100) ?? -1;
  assert.equal(chooseSlot('uid-a', new Set([(first + 1) % 100]), 100), first);
  assert.equal(chooseSlot('uid-a', new Set([first]), 100), (first + 1) % 100);
  assert.equal(chooseSlot('uid-a', new Set([0, 1, 2]), 3), undefined);
});

test('D3: names carry the mark of the installation and fit an interface', () => {
  const mark = installationMark('/var/lib/torpor/node');
  assert.notEqual(mark, installationMark('/tmp/other'));
  const identity = identityOf(258, { cidr: '10.127.0.0/16', firstUid: FIRST_UID, mark });
  assert.deepEqual(identity, {
    slot: 258,
    name: `${mark}0102`,
    uid: FIRST_UID + 258,
    gid: FIRST_UID + 258,
    address: '10.127.1.4',
    namespacePath: `/run/netns/tp-${mark}0102`,
  });
  assert.ok(identity.name.length <= 11);
  assert.ok(FIRST_UID + slotCount('10.0.0.0/8') < 2 ** 31);
});

test('control groups of version 1, of version 2, and of both', () => {
  const one =
    'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n';
  assert.deepEqual(
    hierarchies(one, new Map()).map(({ version, controllers }) => [version, ...controllers]),
    [
      [1, 'cpu'],
      [1, 'memory'],
      [1, 'pids'],
    ],
  );
  const two = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n';
  assert.deepEqual(hierarchies(two, new Map([['/sys/fs/cgroup', 'cpuset cpu io memory pids\n']])), [
    { version: 2, mountPoint: '/sys/fs/cgroup', controllers: ['memory', 'pids', 'cpu'] },
  ]);
  const both = `${one.split('\n')[1]}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`;
  assert.deepEqual(
    hierarchies(both, new Map([['/sys/fs/cgroup/unified', 'cpu pids']])).map(({ version, controllers }) => [
      version,
      ...controllers,
    ]),
    [
      [1, 'memory'],
      [2, 'pids', 'cpu'],
    ],
  );
  const joint = 'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n';
  assert.deepEqual(hierarchies(joint, new Map())[0]?.controllers, ['cpu']);
});

test('overhead grows with processors, display, translation buffer and memory', () => {
  const MIB = 2 ** 20;
  const base = { guestBytes: 128 * MIB, processors: 1, graphics: false, translationBufferMib: 0 };
  const at = (change: Partial<typeof base>) => memoryOverhead({ ...base, ...change }) - memoryOverhead(base);
  assert.deepEqual(
    [at({ processors: 3 }), at({ graphics: true }), at({ translationBufferMib: 32 }), at({ guestBytes: 640 * MIB })],
    [16 * MIB, 32 * MIB, 32 * MIB, MIB],
  );
});
