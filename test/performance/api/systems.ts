import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { authorityFiles } from '../../../hack/kubernetes/certificates.ts';
import { torporAuthority } from '../../../hack/kubernetes/torpor.ts';
import type { Cluster, ComponentName } from '../../harness/kubernetes.ts';
import { type Asker, askAs } from './ask.ts';

/** One way to the same object, and the server process whose memory counts. */
export interface System {
  readonly name: 'crd' | 'direct' | 'aggregated';
  /** URL of the collection in a namespace. */
  readonly collection: (namespace: string) => string;
  /** PEM file of the authority behind the URL. */
  readonly authority: string;
  readonly process: ComponentName;
  /** The object that is created, in JSON, with NAME where its name belongs. */
  readonly body: string;
}

/** Where loads create; the others hold a long list each. */
export const LOADED = 'bench';
/** One object: a watch of one among many thousands would measure how it is found. */
export const WATCHED = 'bench-watched';
export const listed = (round: number): string => `bench-${round}`;
/** Drawn names would collide in such numbers, which kube-apiserver 1.20 answers with a 500. */
export const NAME = 'machine-name';
const GROUP = 'bench.torpor.dev';

/** As users write it: two disks, an interface, cloud-init; 1.2 kB. */
export const SPEC = {
  runStrategy: 'Halted',
  domain: {
    cpu: { cores: 2, model: 'host-model' },
    memory: { guest: '512Mi' },
    devices: {
      disks: [
        { name: 'root', disk: { bus: 'virtio' }, bootOrder: 1 },
        { name: 'seed', disk: { bus: 'virtio' } },
      ],
      interfaces: [{ name: 'default', masquerade: {}, model: 'virtio', ports: [{ port: 80, protocol: 'TCP' }] }],
    },
  },
  networks: [{ name: 'default', pod: {} }],
  volumes: [
    { name: 'root', registryDisk: { image: 'registry.example/debian:12' } },
    {
      name: 'seed',
      cloudInitNoCloud: {
        userData:
          '#cloud-config\nhostname: web\nusers:\n- name: admin\n  groups: [sudo]\n  sudo: ALL=(ALL) NOPASSWD:ALL\n  ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBenchmarkBenchmarkBenchmarkBenchmark bench]\n',
      },
    },
  ],
  terminationGracePeriodSeconds: 30,
};

/**
 * The custom resource takes any object: it neither validates, prunes nor defaults, which is as fast as one can be. Ours
 * does all of that.
 */
const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `machines.${GROUP}` },
  spec: {
    group: GROUP,
    names: { kind: 'Machine', listKind: 'MachineList', plural: 'machines', singular: 'machine' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Namespaces, custom resource, and an account that may do everything; the account's token. */
export async function prepare(
  cluster: Cluster,
  rounds: number,
): Promise<{ readonly systems: readonly System[]; readonly token: string }> {
  const admin = await administrator(cluster);
  const namespaces = [LOADED, WATCHED, ...Array.from({ length: rounds }, (_, round) => listed(round))];
  for (const name of namespaces) await admin.make('/api/v1/namespaces', { metadata: { name } });
  await admin.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', CRD);
  await admin.make(`/api/v1/namespaces/${LOADED}/serviceaccounts`, { metadata: { name: 'bench' } });
  await admin.make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace: LOADED }],
  });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 36_000 } };
  const answer = await admin.ask('POST', `/api/v1/namespaces/${LOADED}/serviceaccounts/bench/token`, request);
  const { token } = (answer.json as { status: { token: string } }).status;
  const body = (apiVersion: string, kind: string): string =>
    JSON.stringify({
      apiVersion,
      kind,
      metadata: { name: NAME, labels: { app: 'web', tier: 'front' } },
      spec: SPEC,
    });
  const crd = (namespace: string): string => `/apis/${GROUP}/v1/namespaces/${namespace}/machines`;
  const ours = (namespace: string): string => `/apis/torpor.dev/v1alpha1/namespaces/${namespace}/virtualmachines`;
  const own = body('torpor.dev/v1alpha1', 'VirtualMachine');
  const kubernetes = authorityFiles(cluster.home).cert;
  const systems: System[] = [
    {
      name: 'crd',
      collection: (namespace) => `${cluster.server}${crd(namespace)}`,
      authority: kubernetes,
      process: 'kube-apiserver',
      body: body(`${GROUP}/v1`, 'Machine'),
    },
    {
      name: 'direct',
      collection: (namespace) => `${cluster.direct}${ours(namespace)}`,
      authority: torporAuthority(cluster.home),
      process: 'torpor-apiserver',
      body: own,
    },
    {
      name: 'aggregated',
      collection: (namespace) => `${cluster.server}${ours(namespace)}`,
      authority: kubernetes,
      process: 'torpor-apiserver',
      body: own,
    },
  ];
  for (const system of systems) await served(system, token);
  return { systems, token };
}

/** A custom resource is served a moment after it was made. */
async function served(system: System, token: string): Promise<void> {
  const asker = await askerOf(system, token, LOADED);
  const end = performance.now() + 30_000;
  for (;;) {
    const { status } = await asker.ask('GET', '?limit=1');
    if (status === 200) break;
    if (performance.now() > end) throw new Error(`${system.collection(LOADED)} answers ${status}`);
    await sleep(200);
  }
  asker.close();
}

export async function askerOf(system: System, token: string, namespace: string): Promise<Asker> {
  return askAs(system.collection(namespace), { ca: await readFile(system.authority), token });
}

interface Kubeconfig {
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

async function administrator(cluster: Cluster) {
  const { users } = parse(await readFile(cluster.kubeconfig, 'utf8')) as Kubeconfig;
  const user = users[0]?.user ?? {};
  const pem = async (name: string): Promise<Buffer> => {
    const data = user[`${name}-data`];
    return data === undefined ? readFile(user[name] ?? '') : Buffer.from(data, 'base64');
  };
  const asker = askAs(cluster.server, {
    ca: await readFile(authorityFiles(cluster.home).cert),
    cert: await pem('client-certificate'),
    key: await pem('client-key'),
  });
  return {
    ask: asker.ask,
    async make(collection: string, object: object): Promise<void> {
      const { status, json } = await asker.ask('POST', collection, object);
      if (status !== 201 && status !== 409) throw new Error(`POST ${collection}: ${status} ${JSON.stringify(json)}`);
    },
  };
}
