import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import { guestInterfaces } from './guest-interfaces.ts';
import { guestMac } from './mac-address.ts';

const machine = (interfaces: unknown[] | undefined, networks?: unknown[], devices = {}): VirtualMachine =>
  ({
    metadata: { uid: 'u1' },
    spec: {
      domain: { devices: { ...devices, ...(interfaces ? { interfaces } : {}) } },
      ...(networks ? { networks } : {}),
    },
  }) as unknown as VirtualMachine;

describe('guestInterfaces', () => {
  test('settles address, model and ports', () => {
    const ports = [{ port: 80 }, { port: 53, protocol: 'UDP' }];
    assert.deepEqual(
      guestInterfaces(
        machine([{ name: 'a', model: 'e1000e', macAddress: '52-54-00-AA-BB-CC', ports }], [{ name: 'a', pod: {} }]),
      ),
      {
        kind: 'interfaces',
        interfaces: [
          {
            name: 'a',
            model: 'e1000e',
            macAddress: '52:54:00:aa:bb:cc',
            ports: [
              { port: 80, protocol: 'tcp' },
              { port: 53, protocol: 'udp' },
            ],
          },
        ],
      },
    );
  });

  test('a machine that says nothing gets one, unless it refuses', () => {
    assert.deepEqual(guestInterfaces(machine(undefined)), {
      kind: 'interfaces',
      interfaces: [{ name: 'default', model: 'virtio', macAddress: guestMac('u1', 'default'), ports: [] }],
    });
    const none = { kind: 'interfaces', interfaces: [] };
    assert.deepEqual(guestInterfaces(machine(undefined, undefined, { autoattachPodInterface: false })), none);
    assert.deepEqual(
      guestInterfaces({ metadata: {}, spec: { domain: {} } } as unknown as VirtualMachine).kind,
      'interfaces',
    );
  });

  test('refuses what there is not, with what to do', () => {
    const pod = [{ name: 'a', pod: {} }];
    const bad: [VirtualMachine, RegExp][] = [
      [machine([{ name: 'a' }, { name: 'b' }], pod), /at most one interface; remove the others/],
      [machine([{ name: 'b' }], pod), /interface "b" has no network of that name/],
      [machine([{ name: 'a' }], [{ name: 'a', multus: { networkName: 'x' } }]), /network "a" is not of kind pod/],
      [machine([{ name: 'a', bridge: {} }], pod), /wants bridge; only masquerade is supported/],
      [machine([{ name: 'a', macAddress: '01:00:5e:00:00:01' }], pod), /is no hardware address of a single card/],
    ];
    for (const [wrong, message] of bad) {
      const found = guestInterfaces(wrong);
      assert.match(found.kind === 'unsupported' ? found.message : '', message);
    }
  });
});
