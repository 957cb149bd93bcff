import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { identifyProcess } from '../../base/process-identity.ts';
import { slotAddress } from '../../launcher/network/addresses.ts';
import { createNetwork, type EmbeddedNetwork } from '../../launcher/network/embedded-network.ts';
import type { NetworkSandbox, PreparedInterface } from '../../launcher/network/network.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import { createGuestNamespace, type GuestNamespace } from '../harness/guest-namespace.ts';
import { startTapWire, type TapWire } from '../harness/tap-wire.ts';

const run = promisify(execFile);
const CIDR = '10.199.0.0/24';
const ESTABLISHED_TIMEOUT = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established';
const never = new AbortController().signal;

let directory: string;
let network: EmbeddedNetwork;
const sandboxes: NetworkSandbox[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-network-'));
  network = createNetwork({ cidr: CIDR, dhcpCheckInterval: 100 });
});

after(async () => {
  for (const sandbox of sandboxes) await network.cleanup(sandbox);
  network.close();
  await network.removeHostRules();
  await rm(directory, { recursive: true, force: true });
});

function makeSandbox(slot: number): NetworkSandbox {
  const name = `t${randomBytes(3).toString('hex')}`;
  const sandbox = {
    name,
    namespacePath: `/run/netns/tp-${name}`,
    address: slotAddress(CIDR, slot),
    uid: 1234,
    gid: 1234,
    directory: join(directory, name),
  };
  sandboxes.push(sandbox);
  return sandbox;
}

function makeMachine(ports: { port: number; protocol?: 'TCP' | 'UDP' }[], bootID = 'boot-1'): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'guest-a', namespace: 'default', uid: '8d2f6c1e-0000-4000-8000-000000000001' },
    spec: {
      domain: { devices: { interfaces: [{ name: 'default', masquerade: {}, ports }] } },
      networks: [{ name: 'default', pod: {} }],
    },
    status: { bootID },
  } as unknown as VirtualMachine;
}

async function prepare(machine: VirtualMachine, sandbox: NetworkSandbox): Promise<PreparedInterface> {
  const outcome = await network.prepare(machine, sandbox, never);
  if (outcome.kind !== 'ready') assert.fail(outcome.message);
  await outcome.complete;
  const [only] = outcome.interfaces;
  assert.ok(only);
  return only;
}

/** What a TCP server says, or why there was nothing. */
function say(host: string, port: number, timeout = 2000, localAddress?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...(localAddress ? { localAddress } : {}) });
    let text = '';
    socket.setTimeout(timeout, () => socket.destroy(new Error('timeout')));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) socket.end();
    });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    socket.on('end', () => resolve(text));
  });
}

describe('a sandbox with two declared ports', () => {
  let sandbox: NetworkSandbox;
  let nic: PreparedInterface;
  let guest: GuestNamespace;
  let wire: TapWire;

  before(async () => {
    sandbox = makeSandbox(0);
    nic = await prepare(makeMachine([{ port: 80 }, { port: 5353, protocol: 'UDP' }]), sandbox);
    guest = await createGuestNamespace(`tg-${sandbox.name}`, nic.macAddress);
    wire = await startTapWire({ sandbox: { namespacePath: sandbox.namespacePath, tap: nic.tap }, guest });
  });
  after(async () => {
    await wire.stop();
    await guest.stop();
  });

  test('gives the guest its address, name, gateway, MTU and resolver by DHCP', async () => {
    const lease = await guest.requestAddress();
    assert.equal(lease.ip, nic.guestAddress);
    assert.equal(lease.router, '10.0.2.1');
    assert.equal(lease.subnet, '255.255.255.0');
    assert.equal(lease.hostname, 'guest-a');
    assert.equal(lease.mtu, String(nic.mtu));
    const resolvConf = await readFile('/etc/resolv.conf', 'utf8');
    const first = /^nameserver (\d+\.\d+\.\d+\.\d+)/m.exec(resolvConf)?.[1];
    if (first !== undefined && !first.startsWith('127.')) assert.equal(lease.dns?.split(' ')[0], first);
  });

  test('keeps the fixed entry of its neighbour, also after DHCP (N4)', async () => {
    const entries = (await run('nsenter', [`--net=${sandbox.namespacePath}`, 'ip', 'neigh', 'show', nic.guestAddress]))
      .stdout;
    assert.match(entries, new RegExp(`lladdr ${nic.macAddress} PERMANENT`));
  });

  test('passes declared ports on, with the client address kept', async () => {
    await guest.serve(80);
    assert.equal(await say(sandbox.address, 80), 'hello 10.199.0.1\n');
  });

  test('refuses a port that is not declared although the guest listens on it (N3)', async () => {
    await guest.serve(8080);
    assert.equal(await say(sandbox.address, 8080), 'ECONNREFUSED');
  });

  test('lets the guest out, under an address that others can answer', async () => {
    const output = await guest.run(process.execPath, '-e', SAY, '10.199.0.1', String(await listenOnHost()));
    assert.equal(output.trim(), `you are ${sandbox.address}`);
  });

  test('forwards localhost of the namespace to the guest, and answers the guest as its gateway', async () => {
    const inside = (
      await run('nsenter', [`--net=${sandbox.namespacePath}`, process.execPath, '-e', SAY, '127.0.0.1', '80'])
    ).stdout;
    assert.equal(inside.trim(), 'hello 10.0.2.1');
    const before = wire.frames.length;
    await guest.run('busybox', 'ping', '-c', '1', '-W', '1', '10.0.2.1');
    assert.ok(wire.frames.length > before, 'the gateway answers a ping');
  });

  /** A connection that the sandbox forgets, since it was silent too long; the answer sends on it and tells its end. */
  const strayConnection = async () => {
    const timeout = (seconds: number) =>
      run('nsenter', [`--net=${sandbox.namespacePath}`, 'sh', '-c', `echo ${seconds} >${ESTABLISHED_TIMEOUT}`]);
    await timeout(1);
    const socket = connect({ host: sandbox.address, port: 80 });
    await once(socket, 'data');
    const end = new Promise<string>((resolve) => {
      socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    });
    await delay(1500);
    await timeout(432_000);
    return () => {
      socket.write('are you there?');
      return Promise.race([end, delay(2000, 'no answer')]).finally(() => socket.destroy());
    };
  };

  test('asleep, nothing arrives in the tap but the first packet to a declared port, and that one is kept (N4)', async () => {
    const stray = await strayConnection();
    await wire.pause();
    // After a long sleep nothing that was learned is known any more; only fixed entries are.
    await run('nsenter', [`--net=${sandbox.namespacePath}`, 'ip', 'neigh', 'flush', 'all']);
    assert.equal(await wire.pending(), false);
    await say(sandbox.address, 8080, 300); // refused by the sandbox itself
    await run('busybox', ['ping', '-c', '1', '-W', '1', sandbox.address]); // answered by the sandbox itself
    assert.equal(await stray(), 'ECONNRESET'); // data on a connection that the sandbox has forgotten
    await delay(1000);
    assert.equal(await wire.pending(), false, 'noise does not wake the guest');
    const answer = say(sandbox.address, 80, 5000);
    await delay(50);
    assert.equal(await wire.pending(), true, 'the SYN waits');
    const before = wire.frames.length;
    await wire.resume();
    assert.equal(await answer, 'hello 10.199.0.1\n');
    // Ethernet and IP headers, then TCP: destination port 80 and the flags SYN alone.
    const first = wire.frames[before] ?? '';
    assert.equal(first.slice(24, 28), '0800');
    assert.equal(first.slice(72, 76), '0050');
    assert.equal(first.slice(94, 96), '02');
  });

  test('prepare for the same boot changes nothing (N1, M1)', async () => {
    const namespace = await run('stat', ['-Lc', '%i', sandbox.namespacePath]);
    assert.deepEqual(await prepare(makeMachine([{ port: 80 }, { port: 5353, protocol: 'UDP' }]), sandbox), nic);
    assert.equal((await run('stat', ['-Lc', '%i', sandbox.namespacePath])).stdout, namespace.stdout);
    assert.equal(await say(sandbox.address, 80), 'hello 10.199.0.1\n');
  });

  test('a DHCP server that was killed is back soon (M3)', async () => {
    const pidOf = async () => (await readFile(join(sandbox.directory, 'dnsmasq.pid'), 'utf8')).trim();
    const first = await pidOf();
    process.kill(Number(first), 'SIGKILL');
    for (let tries = 0; tries < 50 && (await pidOf()) === first; tries++) await delay(50);
    assert.notEqual(await pidOf(), first);
    assert.equal((await guest.requestAddress()).ip, nic.guestAddress);
  });

  test('the tap belongs to the user of QEMU and the server runs unprivileged', async () => {
    const details = (await run('nsenter', [`--net=${sandbox.namespacePath}`, 'ip', '-d', 'link', 'show', nic.tap]))
      .stdout;
    assert.match(details, /tun type tap .*user 1234 group 1234|user 1234/);
    const pid = (await readFile(join(sandbox.directory, 'dnsmasq.pid'), 'utf8')).trim();
    const uid = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    assert.notEqual(uid, '0');
  });
});

test('without declared ports everything reaches the guest', async () => {
  const sandbox = makeSandbox(1);
  const nic = await prepare(makeMachine([]), sandbox);
  const guest = await createGuestNamespace(`tg-${sandbox.name}`, nic.macAddress);
  const wire = await startTapWire({ sandbox: { namespacePath: sandbox.namespacePath, tap: nic.tap }, guest });
  try {
    await guest.requestAddress();
    await guest.serve(12345);
    assert.equal(await say(sandbox.address, 12345), 'hello 10.199.0.1\n');
  } finally {
    await wire.stop();
    await guest.stop();
  }
});

test('machines reach each other by their addresses', async () => {
  const [a, b] = [makeSandbox(2), makeSandbox(3)];
  const nics = await Promise.all([prepare(makeMachine([{ port: 80 }]), a), prepare(makeMachine([{ port: 80 }]), b)]);
  const guests = await Promise.all(
    [a, b].map((sandbox, i) => createGuestNamespace(`tg-${sandbox.name}`, nics[i]?.macAddress ?? '')),
  );
  const wires = await Promise.all(
    [a, b].map((sandbox, i) =>
      startTapWire({
        sandbox: { namespacePath: sandbox.namespacePath, tap: nics[i]?.tap ?? '' },
        guest: guests[i] as GuestNamespace,
      }),
    ),
  );
  try {
    await Promise.all(guests.map((guest) => guest.requestAddress()));
    await guests[1]?.serve(80);
    const output = await guests[0]?.run(process.execPath, '-e', SAY, b.address, '80');
    assert.equal(output?.trim(), `hello ${a.address}`);
  } finally {
    for (const wire of wires) await wire.stop();
    for (const guest of guests) await guest.stop();
  }
});

test('cleanup removes everything, twice and without prepare, and a half-made sandbox is made anew (N2, M2)', async () => {
  const sandbox = makeSandbox(4);
  await network.cleanup(sandbox);
  await prepare(makeMachine([]), sandbox);
  const pid = (await readFile(join(sandbox.directory, 'dnsmasq.pid'), 'utf8')).trim();
  await rm(join(sandbox.directory, 'network.json')); // as if the agent had died before it was done
  await prepare(makeMachine([]), sandbox);
  assert.equal(await identifyProcess(Number(pid)), undefined, 'the first DHCP server is gone');
  await network.cleanup(sandbox);
  await network.cleanup(sandbox);
  await assert.rejects(access(sandbox.namespacePath));
  await assert.rejects(access(`/sys/class/net/tp${sandbox.name}`));
  assert.equal((await run('ip', ['route', 'show', sandbox.address])).stdout, '');
});

test('a new boot gets new rules, and an orphan is found and removed by its name', async () => {
  const sandbox = makeSandbox(5);
  await prepare(makeMachine([{ port: 80 }], 'boot-1'), sandbox);
  await prepare(makeMachine([{ port: 443 }], 'boot-2'), sandbox);
  const rules = (await run('nsenter', [`--net=${sandbox.namespacePath}`, 'nft', 'list', 'ruleset'])).stdout;
  assert.match(rules, /tcp dport 443 dnat/);
  assert.doesNotMatch(rules, /tcp dport 80 dnat/);
  assert.ok((await network.list()).includes(sandbox.name));
  await network.cleanupOrphan(sandbox.name);
  assert.ok(!(await network.list()).includes(sandbox.name));
});

test('what cannot be had is refused with what to do', async () => {
  const machine = makeMachine([]);
  const devices = machine.spec.domain.devices as { interfaces: { name: string }[] };
  devices.interfaces.push({ name: 'second' });
  const outcome = await network.prepare(machine, makeSandbox(6), never);
  assert.deepEqual(outcome, {
    kind: 'failed',
    reason: 'UnsupportedNetwork',
    message:
      'interfaces "default", "second": a machine has one pod network, so at most one interface; remove the others',
  });
});

const SAY = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
socket.on('data', (chunk) => { process.stdout.write(chunk); socket.end(); });
socket.on('error', (error) => process.stdout.write(error.code));
`;

async function listenOnHost(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => socket.end(`you are ${socket.remoteAddress}`)).unref();
  await new Promise<void>((resolve) => server.listen(0, '10.199.0.1', resolve));
  after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
