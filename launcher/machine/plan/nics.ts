import type { PreparedInterface } from '../../network/network.ts';
import type { BootOrder } from './boot-order.ts';
import { descriptors, MAXIMUM_INTERFACES } from './input.ts';
import { json, PlanError } from './option.ts';
import { pciAddress } from './pci.ts';

const drivers = { virtio: 'virtio-net-pci', e1000e: 'e1000e', rtl8139: 'rtl8139' } as const;

/** Each NIC reads the tap that the supervisor holds. Only a NIC that is booted from carries a boot ROM. */
export function nics(interfaces: readonly PreparedInterface[], order: BootOrder, bus: string): string[] {
  if (interfaces.length > MAXIMUM_INTERFACES) {
    throw new PlanError(
      'TooManyDevices',
      `a machine has room for ${MAXIMUM_INTERFACES} interfaces, not for ${interfaces.length}`,
    );
  }
  return interfaces.flatMap(({ name, model, macAddress, mtu }, index) => {
    const bootindex = order.interfaces.get(name);
    return [
      ...json('-netdev', { type: 'tap', id: `net${index}`, fd: String(descriptors.firstTap + index), vhost: false }),
      ...json('-device', {
        driver: drivers[model],
        id: `net${index}-device`,
        netdev: `net${index}`,
        mac: macAddress,
        bus,
        ...pciAddress('nic', index, interfaces.length),
        ...(model === 'virtio' ? { host_mtu: mtu } : {}),
        ...(bootindex === undefined ? { romfile: '' } : { bootindex }),
      }),
    ];
  });
}
