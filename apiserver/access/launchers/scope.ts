import type { VirtualMachine } from '../../../openapi/api.ts';
import { parseFieldSelector, requiredFieldValue } from '../../../openapi/machinery/fields.ts';
import type { Authorizer, Decision, ResourceTarget } from '../authorization/attributes.ts';
import { nodeOf } from './identity.ts';
import { type Referenced, references } from './references.ts';

/** The machines as they are stored. */
export interface MachineLookup {
  machine(namespace: string, name: string): Promise<VirtualMachine | undefined>;
  /** Machines of the namespace whose status.nodeName is this node. */
  machinesOn(node: string, namespace: string): Promise<readonly VirtualMachine[]>;
}

type Ask = Pick<ResourceTarget, 'namespace' | 'name' | 'subresource' | 'fieldSelector'> & { readonly verb: string };

/**
 * What a launcher may do: a node that is broken into must not reach further than what runs on it. What depends on the
 * body of a write (which Host is made, what a status says) is checked by admission.ts.
 */
export function launcherAuthorizer(machines: MachineLookup): Authorizer {
  return {
    async authorize({ user, verb, target }): Promise<Decision> {
      const node = nodeOf(user);
      if (node === undefined || target.kind === 'path') return { kind: 'no opinion', reason: '' };
      const ask: Ask = { ...target, verb };
      const why = await refusal(`${target.resource}.${target.group}`, ask, node, machines);
      if (why === undefined) return { kind: 'allowed', reason: `the launcher of node ${node} needs it` };
      return { kind: 'no opinion', reason: why };
    },
  };
}

/** Why the launcher of `node` may not, or undefined when it may. */
async function refusal(resource: string, ask: Ask, node: string, machines: MachineLookup): Promise<string | undefined> {
  switch (resource) {
    case 'virtualmachines.torpor.dev':
      return ofMachines(ask, node, machines);
    case 'hosts.torpor.dev':
      return ofHosts(ask, node);
    case 'leases.coordination.k8s.io':
      if (ask.subresource !== '') return 'a launcher may not use this subresource';
      if (ask.verb === 'create') return undefined;
      if (!['get', 'update', 'patch'].includes(ask.verb)) return `a launcher may not ${ask.verb} leases`;
      return ask.name === node ? undefined : 'a launcher may only use the lease of its own node';
    case 'events.':
      return ['create', 'update', 'patch'].includes(ask.verb) ? undefined : `a launcher may not ${ask.verb} events`;
    case 'secrets.':
      return ofReferenced('secrets', ask, node, machines);
    case 'configmaps.':
      return ofReferenced('configmaps', ask, node, machines);
    case 'persistentvolumeclaims.':
      return ofReferenced('persistentvolumeclaims', ask, node, machines);
    default:
      return 'a launcher has no use for this resource';
  }
}

async function ofMachines(ask: Ask, node: string, machines: MachineLookup): Promise<string | undefined> {
  if (ask.verb === 'list' || ask.verb === 'watch') {
    return selectsNode(ask.fieldSelector, node)
      ? undefined
      : `a launcher may only ${ask.verb} with the field selector status.nodeName=${node}`;
  }
  const reads = ask.verb === 'get' && (ask.subresource === '' || ask.subresource === 'status');
  const writes = ask.subresource === 'status' && (ask.verb === 'update' || ask.verb === 'patch');
  if (!reads && !writes) return 'a launcher may only read machines and write their status';
  const machine = await machines.machine(ask.namespace, ask.name);
  // A machine that does not exist gets the answer that says so.
  if (machine === undefined || machine.status?.nodeName === node) return undefined;
  return 'a launcher may only use machines that are bound to its own node';
}

function selectsNode(fieldSelector: string, node: string): boolean {
  try {
    return requiredFieldValue(parseFieldSelector(fieldSelector), 'status.nodeName') === node;
  } catch {
    return false;
  }
}

function ofHosts(ask: Ask, node: string): string | undefined {
  // The name of a new object stands in its body.
  if (ask.verb === 'create' && ask.subresource === '') return undefined;
  const verbs: Readonly<Record<string, readonly string[]>> = {
    '': ['get', 'list', 'watch', 'update', 'patch'],
    status: ['get', 'update', 'patch'],
    live: ['get', 'create'],
  };
  if (!verbs[ask.subresource]?.includes(ask.verb)) return `a launcher may not ${ask.verb} this of hosts`;
  return ask.name === node ? undefined : 'a launcher may only use the Host of its own node';
}

async function ofReferenced(
  resource: Referenced,
  ask: Ask,
  node: string,
  machines: MachineLookup,
): Promise<string | undefined> {
  if (!['get', 'list', 'watch'].includes(ask.verb) || ask.subresource !== '' || ask.name === '') {
    return `a launcher may only read single ${resource}, by name`;
  }
  const onNode = await machines.machinesOn(node, ask.namespace);
  if (onNode.some((machine) => references(machine, resource).has(ask.name))) return undefined;
  return `no machine on this node uses ${JSON.stringify(ask.name)}`;
}
