import { errors } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { UserInfo } from '../../request/info.ts';
import { nodeOf } from './identity.ts';

/** A write about to be stored. */
export interface Write {
  readonly user: UserInfo;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly object: KubernetesObject;
  /** Undefined when the object is new. */
  readonly old: KubernetesObject | undefined;
}

interface Place {
  readonly nodeName?: string;
  readonly bootID?: string;
}

/**
 * The part of a launcher's limits that only the objects can tell. It is checked inside the write, against the very object
 * that is replaced, so that no race gets around it.
 *
 * @throws StatusError 403
 */
export function admitLauncherWrite(write: Write): void {
  const node = nodeOf(write.user);
  if (node === undefined) return;
  const why = refusal(write, node);
  if (why === undefined) return;
  const name = write.object.metadata.name ?? '';
  throw errors.forbidden(
    { group: write.group, plural: write.resource },
    name,
    `the launcher of node ${JSON.stringify(node)} ${why}`,
  );
}

function refusal(write: Write, node: string): string | undefined {
  switch (`${write.resource}.${write.group}`) {
    case 'hosts.torpor.dev':
    case 'leases.coordination.k8s.io':
      return write.object.metadata.name === node ? undefined : 'may only write the object of its own node';
    case 'virtualmachines.torpor.dev':
      return ofStatus(write, node);
    case 'events.':
      return undefined;
    default:
      return 'may not write this resource';
  }
}

function ofStatus({ subresource, object, old }: Write, node: string): string | undefined {
  if (subresource !== 'status' || old === undefined) return 'may only write the status of machines';
  const before = (old.status ?? {}) as Place;
  const after = (object.status ?? {}) as Place;
  if (before.nodeName !== node) {
    return `may only write machines that are bound to it; this one is bound to ${JSON.stringify(before.nodeName ?? '')}`;
  }
  const released = (after.nodeName ?? '') === '' && (after.bootID ?? '') === '';
  const kept = after.nodeName === node && after.bootID === before.bootID;
  return released || kept ? undefined : 'may release a machine, but not bind it to another node or boot';
}
