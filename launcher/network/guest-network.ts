/** Fixed addresses and names on the guest's side; the same in every sandbox, since each has a network namespace of its own. */
export const GUEST_NETWORK = {
  bridge: 'tpbr0',
  tap: 'tptap0',
  uplink: 'eth0',
  gateway: '10.0.2.1',
  guest: '10.0.2.2',
  prefix: 24,
  cidr: '10.0.2.0/24',
  netmask: '255.255.255.0',
  /** Fixed, so that a guest that resumes elsewhere finds its gateway under the same address. */
  bridgeMac: '02:00:00:00:00:00',
} as const;
