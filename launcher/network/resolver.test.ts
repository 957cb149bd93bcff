import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { uplinkMtu } from './mtu.ts';
import { parseResolvConf, readResolver } from './resolver.ts';

test('resolv.conf is read as resolv.conf(5) says, for what a guest can use', () => {
  assert.deepEqual(
    parseResolvConf(
      [
        '# comment',
        'nameserver 127.0.0.53',
        'nameserver fe80::1%eth0',
        'nameserver 10.0.0.1 # first',
        'nameserver 10.0.0.2',
        'nameserver 10.0.0.3',
        'nameserver 10.0.0.4',
        'domain old.example',
        'search a.example. b.example bad,name',
        'options ndots:5',
      ].join('\n'),
    ),
    { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'], search: ['a.example', 'b.example'] },
  );
  assert.deepEqual(parseResolvConf(''), { nameservers: [], search: [] });
});

test('a local stub leads to the servers behind it, and its search list stays', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-resolver-'));
  try {
    const [stub, real] = [join(directory, 'stub'), join(directory, 'real')];
    await writeFile(stub, 'nameserver 127.0.0.53\nsearch lan\n');
    await writeFile(real, 'nameserver 192.0.2.1\n');
    assert.deepEqual(await readResolver([stub, real]), { nameservers: ['192.0.2.1'], search: ['lan'] });
    assert.deepEqual(await readResolver([stub, join(directory, 'none')]), { nameservers: [], search: ['lan'] });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("the MTU is that of the default route's link, or Ethernet's", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-mtu-'));
  try {
    const routes = join(directory, 'route');
    const line = (link: string, destination: string, mask: string) =>
      [link, destination, '0', '3', '0', '0', '0', mask].join('\t');
    await writeFile(
      routes,
      ['Iface\tDestination', line('lan', '0000A8C0', '0000FFFF'), line('wan', '00000000', '00000000')].join('\n'),
    );
    assert.equal(await uplinkMtu(routes, directory), 1500, 'the link is not there');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(directory, 'wan'));
    await writeFile(join(directory, 'wan', 'mtu'), '1400\n');
    assert.equal(await uplinkMtu(routes, directory), 1400);
    await writeFile(join(directory, 'wan', 'mtu'), '65536\n');
    assert.equal(await uplinkMtu(routes, directory), 1500, 'no guest takes that much');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
