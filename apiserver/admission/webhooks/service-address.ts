import type { Client } from '../../../openapi/client/client.ts';
import type { ApiObject, Resource } from '../../../openapi/client/resources.ts';

/**
 * Where a Service of the host cluster is reached from here.
 *
 * cluster-ip  its virtual address: what a pod uses, and every machine that has kube-proxy's rules.
 * endpoints   a ready address behind it, drawn at random: for a server outside of the cluster that has routes to the pods.
 *
 * An ExternalName is dialled as the name that it stands for, either way.
 */
export type ServiceRouting = 'cluster-ip' | 'endpoints';

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Service extends ApiObject {
  spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  };
}

interface Endpoints extends ApiObject {
  subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string }[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  }[];
}

const services: Resource<Service> = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const endpoints: Resource<Endpoints> = {
  group: '',
  version: 'v1',
  plural: 'endpoints',
  kind: 'Endpoints',
  namespaced: true,
};

/** Milliseconds for which an answer is used again, unless a connection to it failed. */
const KEEP_MS = 10_000;
const LONGEST_LOOKUP_MS = 5_000;

export class ServiceAddresses {
  readonly #client: Client;
  readonly #routing: ServiceRouting;
  readonly #known = new Map<string, { readonly until: number; readonly addresses: Promise<readonly Address[]> }>();

  constructor(client: Client, routing: ServiceRouting) {
    this.#client = client;
    this.#routing = routing;
  }

  /** @throws Error that says what is missing, or that the cluster could not be asked. */
  async resolve(reference: ServiceReference): Promise<Address> {
    const key = keyOf(reference);
    const now = Date.now();
    let known = this.#known.get(key);
    if (known === undefined || known.until < now) {
      for (const [name, { until }] of this.#known) if (until < now) this.#known.delete(name);
      known = { until: now + KEEP_MS, addresses: this.#lookUp(reference) };
      this.#known.set(key, known);
      known.addresses.catch(() => this.forget(reference));
    }
    const addresses = await known.addresses;
    const chosen = addresses[Math.floor(Math.random() * addresses.length)];
    if (chosen === undefined) throw new Error(`service ${key} has no ready address`);
    return chosen;
  }

  /** A connection failed: the next call looks again. */
  forget(reference: ServiceReference): void {
    this.#known.delete(keyOf(reference));
  }

  async #lookUp({ namespace, name, port }: ServiceReference): Promise<readonly Address[]> {
    const options = { deadlineMs: LONGEST_LOOKUP_MS };
    const { spec = {} } = await this.#client.get(services, { namespace, name }, options);
    const where = `service ${namespace}/${name}`;
    if (spec.type === 'ExternalName') return [{ host: spec.externalName ?? '', port }];
    const declared = spec.ports?.find((one) => one.port === port && isTcp(one));
    if (declared === undefined) throw new Error(`${where} has no TCP port ${port}`);
    if (this.#routing === 'cluster-ip') {
      const { clusterIP = '' } = spec;
      if (clusterIP === '' || clusterIP === 'None') throw new Error(`${where} has no cluster IP`);
      return [{ host: clusterIP, port }];
    }
    const { subsets = [] } = await this.#client.get(endpoints, { namespace, name }, options);
    const found = subsets.flatMap(({ addresses = [], ports = [] }) => {
      const target = ports.find((one) => (one.name ?? '') === (declared.name ?? '') && isTcp(one));
      return target === undefined ? [] : addresses.map(({ ip }) => ({ host: ip, port: target.port }));
    });
    if (found.length === 0) throw new Error(`no endpoints available for ${where}`);
    return found;
  }
}

const keyOf = ({ namespace, name, port }: ServiceReference) => `${namespace}/${name}:${port}`;
const isTcp = ({ protocol }: { readonly protocol?: string }) => protocol === undefined || protocol === 'TCP';
