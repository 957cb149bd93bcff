import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsmasqConfig, namespaceInode, runningDhcp } from './dhcp.ts';

const config = {
  directory: '/x/net',
  user: 'nobody',
  macAddress: '52:54:00:00:00:01',
  hostname: 'web',
  mtu: 1400,
  resolver: { nameservers: ['10.0.0.1', '10.0.0.2'], search: ['a.example'] },
};

test('the server knows one card, gives it one address, and does no more', () => {
  const lines = dnsmasqConfig(config).split('\n');
  for (const line of [
    'port=0',
    'interface=tpbr0',
    'bind-interfaces',
    'no-ping',
    'dhcp-broadcast',
    'leasefile-ro',
    'dhcp-range=10.0.2.2,static,255.255.255.0,infinite',
    'dhcp-host=52:54:00:00:00:01,10.0.2.2,web,infinite',
    'dhcp-option=option:dns-server,10.0.0.1,10.0.0.2',
    'dhcp-option=option:domain-search,a.example',
    'dhcp-option=option:mtu,1400',
    'pid-file=/x/net/dnsmasq.pid',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('without resolver the guest is told none, not the gateway that answers no names', () => {
  const lines = dnsmasqConfig({ ...config, resolver: { nameservers: [], search: [] } }).split('\n');
  assert.ok(lines.includes('dhcp-option=option:dns-server'));
  assert.ok(!lines.some((line) => line.includes('domain-search')));
});

test('a plain file is no namespace, and a pid of another process no server (D2)', async () => {
  assert.equal(await namespaceInode('/etc/passwd'), undefined);
  assert.equal(await namespaceInode('/nonexistent'), undefined);
  assert.equal(typeof (await namespaceInode('/proc/self/ns/net')), 'bigint');
  assert.equal(await runningDhcp('/nonexistent', '/proc/self/ns/net'), undefined);
});
