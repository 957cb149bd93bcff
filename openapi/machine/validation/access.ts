import type { AccessCredential, Probe, VirtualMachineSpec } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { objectNameErrors } from './image.ts';
import { portNameError, portNumberErrors } from './network.ts';

/** Probes of the guest and credentials put into it. */
export function accessErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  const list: FieldError[] = [];
  const portNames = new Set(
    (spec.domain.devices?.interfaces ?? []).flatMap(({ ports }) => (ports ?? []).flatMap(({ name }) => name ?? [])),
  );
  const reachable = (spec.networks ?? []).some(({ pod }) => pod);
  for (const kind of ['readinessProbe', 'livenessProbe'] as const) {
    const probe = spec[kind];
    if (probe) list.push(...probeErrors(probe, `${path}.${kind}`, portNames, reachable));
  }
  const { livenessProbe } = spec;
  if (livenessProbe && (livenessProbe.successThreshold ?? 1) !== 1) {
    const at = `${path}.livenessProbe.successThreshold`;
    list.push(field.invalid(at, livenessProbe.successThreshold, 'must be 1'));
  }
  for (const [index, credential] of (spec.accessCredentials ?? []).entries()) {
    list.push(...credentialErrors(credential, spec, `${path}.accessCredentials[${index}]`));
  }
  return list;
}

const handlers = ['exec', 'guestAgentPing', 'httpGet', 'tcpSocket'] as const;

function probeErrors(probe: Probe, path: string, portNames: ReadonlySet<string>, reachable: boolean): FieldError[] {
  const [first, ...more] = handlers.filter((handler) => probe[handler] !== undefined);
  if (!first) return [field.required(path, `must specify one of ${handlers.join(', ')}`)];
  const list = more.map((handler) => field.forbidden(`${path}.${handler}`, 'may not specify more than 1 handler type'));
  for (const handler of ['httpGet', 'tcpSocket'] as const) {
    const port = probe[handler]?.port;
    if (port === undefined) continue;
    const at = `${path}.${handler}`;
    if (!reachable) list.push(field.forbidden(at, 'is only possible for a machine on the pod network'));
    if (typeof port === 'number') list.push(...portNumberErrors(port, `${at}.port`));
    else if (portNameError(port)) list.push(field.invalid(`${at}.port`, port, portNameError(port) ?? ''));
    else if (!portNames.has(port)) {
      list.push({
        type: 'notFound',
        field: `${at}.port`,
        value: port,
        detail: 'no port of an interface has this name',
      });
    }
  }
  return list;
}

function credentialErrors(credential: AccessCredential, spec: VirtualMachineSpec, path: string): FieldError[] {
  const { sshPublicKey, userPassword } = credential;
  if (sshPublicKey && userPassword) {
    return [field.forbidden(`${path}.userPassword`, 'may not be given together with sshPublicKey')];
  }
  if (userPassword)
    return objectNameErrors(userPassword.source.secret.secretName, `${path}.userPassword.source.secret.secretName`);
  if (!sshPublicKey) return [field.required(path, 'must be one of sshPublicKey and userPassword')];
  const at = `${path}.sshPublicKey`;
  const list = objectNameErrors(sshPublicKey.source.secret.secretName, `${at}.source.secret.secretName`);
  const { noCloud, qemuGuestAgent } = sshPublicKey.propagationMethod;
  const method = `${at}.propagationMethod`;
  if (noCloud && qemuGuestAgent) {
    list.push(field.forbidden(`${method}.qemuGuestAgent`, 'may not be given together with noCloud'));
  }
  if (!noCloud && !qemuGuestAgent) list.push(field.required(method, 'must be one of noCloud and qemuGuestAgent'));
  if (noCloud && !(spec.volumes ?? []).some((volume) => volume.cloudInitNoCloud)) {
    list.push(field.invalid(`${method}.noCloud`, {}, 'needs a volume of cloudInitNoCloud'));
  }
  return list;
}
