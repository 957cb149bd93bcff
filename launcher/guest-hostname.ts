import type { VirtualMachine } from '../openapi/api.ts';

/**
 * The guest's host name as DHCP and cloud-init tell it: spec.hostname, else the first label of the machine's name, as a
 * DNS label of at most 63 characters (KubeVirt does the same).
 */
export function guestHostname(machine: VirtualMachine): string {
  const wanted = machine.spec.hostname ?? machine.metadata.name ?? '';
  const label = (wanted.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 63);
  return label.replace(/^-+|-+$/g, '') || 'machine';
}
