import { descriptors, type PlanInput } from './input.ts';
import { json, keyValues } from './option.ts';
import { pciAddress } from './pci.ts';

/** Monitors, consoles, the guest agent's channel and the small devices. */
export function devices(input: PlanInput, bus: string): string[] {
  const { devices: spec = {} } = input.machine.spec.domain;
  const inherited = (id: string, fd: number) => [
    '-chardev',
    keyValues('socket', { id, fd, server: true, wait: false }),
  ];
  const argv = [
    // The supervisor's own monitor is a connected socket; the agent's and the consoles are listeners that outlive QEMU.
    ...['-chardev', keyValues('socket', { id: 'power', fd: descriptors.power })],
    ...['-mon', keyValues('chardev=power', { mode: 'control' })],
    ...inherited('qmp', descriptors.qmp),
    ...['-mon', keyValues('chardev=qmp', { mode: 'control' })],
    ...inherited('agent', descriptors.guestAgent),
    ...json('-device', { driver: 'virtio-serial-pci', id: 'channel', bus, ...pciAddress('channel') }),
    ...json('-device', {
      driver: 'virtserialport',
      id: 'agent-port',
      bus: 'channel.0',
      nr: 1,
      chardev: 'agent',
      name: 'org.qemu.guest_agent.0',
    }),
  ];
  if (spec.autoattachSerialConsole ?? true) {
    // No logfile here: what a guest writes is kept, within bounds, by the console's hub.
    argv.push(...inherited('serial0', descriptors.serial));
    argv.push(...json('-device', { driver: 'isa-serial', id: 'serial0-device', chardev: 'serial0' }));
  }
  if (spec.autoattachGraphicsDevice ?? true) {
    argv.push(...json('-device', { driver: 'VGA', id: 'display', bus, ...pciAddress('vga') }));
    argv.push('-vnc', keyValues(`unix:${input.files.vncSocket}`, {}));
  } else {
    argv.push('-display', 'none');
  }
  if (spec.autoattachMemBalloon ?? true) {
    argv.push(
      ...json('-device', {
        driver: 'virtio-balloon-pci',
        id: 'balloon',
        bus,
        'free-page-reporting': true,
        ...pciAddress('balloon'),
      }),
    );
  }
  if (spec.rng !== undefined) {
    argv.push(...json('-object', { 'qom-type': 'rng-random', id: 'entropy', filename: '/dev/urandom' }));
    argv.push(...json('-device', { driver: 'virtio-rng-pci', id: 'rng', rng: 'entropy', bus, ...pciAddress('rng') }));
  }
  if (spec.watchdog !== undefined) {
    const { action = 'reset' } = spec.watchdog.i6300esb ?? {};
    argv.push(...json('-device', { driver: 'i6300esb', id: 'watchdog', bus, ...pciAddress('watchdog') }));
    argv.push('-action', keyValues(`watchdog=${action}`, {}));
  }
  return argv;
}
