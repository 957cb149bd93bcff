import type { Interface, Port, VirtualMachineSpec } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';

/** Interfaces and networks belong together by name, one to one. */
export function networkErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  const at = `${path}.domain.devices.interfaces`;
  const interfaces = spec.domain.devices?.interfaces ?? [];
  const networks = spec.networks ?? [];
  const networkNames = new Set(networks.map(({ name }) => name));
  const interfaceNames = new Set(interfaces.map(({ name }) => name));
  const addresses = new Set<string>();
  const list: FieldError[] = [];

  for (const [index, one] of interfaces.entries()) {
    const where = `${at}[${index}]`;
    if (!networkNames.has(one.name)) {
      const detail = 'no network in spec.networks has this name';
      list.push({ type: 'notFound', field: `${where}.name`, value: one.name, detail });
    }
    list.push(...nameErrors(one.name, `${where}.name`), ...addressErrors(one, addresses, where));
    if (!one.masquerade) list.push(field.required(`${where}.masquerade`, 'a binding must be given'));
    list.push(...portErrors(one.ports ?? [], `${where}.ports`));
  }

  let podNetwork: string | undefined;
  for (const [index, network] of networks.entries()) {
    const where = `${path}.networks[${index}]`;
    list.push(...nameErrors(network.name, `${where}.name`));
    if (!interfaceNames.has(network.name)) {
      const text = 'no interface in spec.domain.devices.interfaces has this name';
      list.push(field.invalid(`${where}.name`, network.name, text));
    }
    if (!network.pod) list.push(field.required(`${where}.pod`, 'a kind of network must be given'));
    else if (podNetwork !== undefined) {
      const text = `only one network can be the pod network, and ${JSON.stringify(podNetwork)} is it already`;
      list.push(field.forbidden(`${where}.pod`, text));
    } else podNetwork = network.name;
  }
  return list;
}

function nameErrors(name: string, path: string): FieldError[] {
  if (/^[A-Za-z0-9_-]+$/.test(name)) return [];
  const text = 'can only contain alphabetical characters, numbers, dashes (-) or underscores (_)';
  return [field.invalid(path, name, text)];
}

/** Reserved in KubeVirt for the bridge on the other side of the guest's cable. */
const BRIDGE_ADDRESS = '02:00:00:00:00:00';

function addressErrors({ macAddress }: Interface, taken: Set<string>, path: string): FieldError[] {
  if (macAddress === undefined) return [];
  const at = `${path}.macAddress`;
  const address = macAddress.toLowerCase().replaceAll('-', ':');
  if (taken.has(address)) return [field.duplicate(at, macAddress)];
  taken.add(address);
  if (address === BRIDGE_ADDRESS) return [field.invalid(at, macAddress, 'is reserved for the bridge of the machine')];
  if (address === '00:00:00:00:00:00') return [field.invalid(at, macAddress, 'must not be zero')];
  if (Number.parseInt(address.slice(0, 2), 16) & 1) {
    return [field.invalid(at, macAddress, 'must be a unicast address (even first byte)')];
  }
  return [];
}

function portErrors(ports: readonly Port[], path: string): FieldError[] {
  const list: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name, port }] of ports.entries()) {
    const at = `${path}[${index}]`;
    list.push(...portNumberErrors(port, `${at}.port`));
    if (name === undefined) continue;
    const why = portNameError(name);
    if (why) list.push(field.invalid(`${at}.name`, name, why));
    else if (names.has(name)) list.push(field.duplicate(`${at}.name`, name));
    names.add(name);
  }
  return list;
}

export function portNumberErrors(port: number, path: string): FieldError[] {
  return port >= 1 && port <= 65535 ? [] : [field.invalid(path, port, 'must be between 1 and 65535, inclusive')];
}

/** The name of a service in IANA's registry, as apimachinery words its rules; undefined when it is one. */
export function portNameError(name: string): string | undefined {
  if (name.length < 1 || name.length > 15) return 'must be no more than 15 characters';
  if (!/^[-a-z0-9]+$/.test(name)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  if (!/[a-z]/.test(name)) return 'must contain at least one letter (a-z)';
  if (name.includes('--')) return 'must not contain consecutive hyphens';
  if (name.startsWith('-') || name.endsWith('-')) return 'must not begin or end with a hyphen';
  return undefined;
}
