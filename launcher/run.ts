import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { writeAtomically } from '../base/atomic-write.ts';
import type { Endpoint } from '../base/flags.ts';
import type { Logger } from '../base/log.ts';
import { createMetrics } from '../base/metrics.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../base/process-identity.ts';
import type { Shutdown } from '../base/shutdown.ts';
import { Client } from '../openapi/client/client.ts';
import { EventRecorder } from '../openapi/client/events.ts';
import { Informer } from '../openapi/client/informer.ts';
import { connect } from '../openapi/client/kubeconfig.ts';
import { resources } from '../openapi/client/resources.ts';
import { type Accelerator, probeAccelerator } from './accelerator/probe.ts';
import { Agent, ownedNames } from './agent/agent.ts';
import { Consoles } from './agent/consoles.ts';
import { findQemu } from './agent/host-facts.ts';
import { defaultReservedMemory, keepHostReported } from './agent/host-report.ts';
import { removeLeftovers } from './agent/leftovers.ts';
import { LiveStages } from './agent/live-stages.ts';
import { runLiveStream } from './agent/live-stream.ts';
import type { Node } from './agent/node.ts';
import { Slots } from './agent/slots.ts';
import { StatusWriter } from './agent/status-writer.ts';
import { startConsoleServer } from './console/server.ts';
import { createImageStore } from './images/image-store.ts';
import { createNetwork } from './network/embedded-network.ts';
import { createCgroups } from './sandbox/cgroup.ts';
import { findHierarchies } from './sandbox/cgroup-mounts.ts';
import { installationMark } from './sandbox/identity.ts';
import { createRecords } from './sandbox/record.ts';
import { createSandboxes } from './sandbox/sandbox.ts';
import { createVolumes } from './volumes/volumes.ts';

/**
 * Puts the node launcher together. What is started last stops first (base/shutdown H1): the actors let go of their
 * machines before the client they report with is closed. Machines run on.
 */
export interface RunOptions {
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly claimsDirectory: string | undefined;
  readonly supervisor: string;
  readonly qemu: string;
  readonly listen: Endpoint;
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly networkCidr: string;
  readonly firstUid: number;
  /** Bytes; undefined: an eighth of the memory. */
  readonly reservedMemory: number | undefined;
  readonly version: string;
}

const RENEW_MS = 60_000;

export async function run(
  options: RunOptions,
  { log, shutdown }: { readonly log: Logger; readonly shutdown: Shutdown },
): Promise<void> {
  const { nodeName, networkCidr } = options;
  const { signal } = shutdown;
  const stateDirectory = resolve(options.stateDirectory);
  const runDirectory = resolve(options.runDirectory);
  const claimsDirectory = resolve(options.claimsDirectory ?? join(dirname(stateDirectory), 'claims'));
  const onProblem = (problem: string, error?: unknown) => log.warn({ err: error }, problem);

  await makeReachable(stateDirectory, runDirectory);
  await claimDirectory(stateDirectory);
  await stat(options.supervisor).catch(() => {
    throw new Error(
      `there is no supervisor at ${options.supervisor}: build it with launcher/supervisor/build ${options.supervisor}`,
    );
  });
  const [hierarchies, qemu] = await Promise.all([findHierarchies(), findQemu(options.qemu)]);
  const { accelerator, group } = await chooseAccelerator(options.qemu, qemu.versionText, stateDirectory);
  log.info({ accelerator, qemu: qemu.qemuVersion }, 'host examined');

  const metrics = createMetrics();
  const images = await createImageStore({ directory: join(stateDirectory, 'images') });
  shutdown.add('image store', () => images.close());
  const network = createNetwork({
    cidr: networkCidr,
    onDhcpRestart: (sandbox, error) => log.warn({ sandbox, err: error }, 'a DHCP server had died'),
  });
  shutdown.add('network watch', () => network.close());

  const connection = await connect({ path: options.kubeconfig });
  const client = new Client(connection, { userAgent: 'torpor-launcher/v1alpha1' });
  shutdown.add('client', () => client.close());
  const events = new EventRecorder(client, { component: 'torpor-launcher', host: nodeName, onProblem });
  shutdown.add('event recorder', () => events.stop());

  const records = createRecords(stateDirectory);
  const found = await records.list();
  const mark = installationMark(stateDirectory);
  const identities = { cidr: networkCidr, firstUid: options.firstUid, mark };
  const cgroups = createCgroups(hierarchies);
  await removeLeftovers({
    mark,
    owned: ownedNames(found.records, identities),
    strays: found.strays,
    stateDirectory,
    runDirectory,
    cgroups,
    network,
    log,
  });

  const stages = new LiveStages();
  const consoles = new Consoles();
  const { variables, versionText: _text, ...facts } = qemu;
  const node: Node = {
    name: nodeName,
    stateDirectory,
    claimsDirectory,
    identities,
    host: { ...facts, accelerator: accelerator.name },
    ovmfVariables: variables,
    acceleratorGroup: group,
    client,
    records,
    slots: new Slots(
      networkCidr,
      found.records.map(({ uid, slot }) => [uid, slot] as const),
    ),
    sandboxes: createSandboxes({ runDirectory, supervisor: resolve(options.supervisor), cgroups }),
    cgroups,
    network,
    volumes: createVolumes({ images }),
    statuses: new StatusWriter({ client, onProblem }),
    stages,
    consoles,
    log,
    event: (machine, type, reason, message) => events.record(resources.virtualMachines, machine, type, reason, message),
    now: () => new Date(),
  };

  const machines = new Informer(client, resources.virtualMachines, {
    fieldSelector: `status.nodeName=${nodeName}`,
    onProblem,
  });
  const agent = new Agent(node, machines);
  metrics.gauge({
    name: 'torpor_launcher_machines',
    help: 'Machines that this node holds something for, by what it does with them.',
    labels: { state: ['adopting', 'preparing', 'starting', 'running', 'stopping', 'cleaning', 'handing-back'] },
    collect() {
      const counts = agent.counts();
      for (const state of ['adopting', 'preparing', 'starting', 'running', 'stopping', 'cleaning', 'handing-back'])
        this.set({ state }, counts.get(state) ?? 0);
    },
  });
  metrics.gauge({
    name: 'torpor_console_active_connections',
    help: 'Open console sessions.',
    collect() {
      this.set(consoles.clients());
    },
  });

  const credentials = () => ({
    cert: readFileSync(options.files.cert, 'utf8'),
    key: readFileSync(options.files.key, 'utf8'),
    ca: readFileSync(options.files.ca, 'utf8'),
  });
  const server = await startConsoleServer({
    host: options.listen.host,
    port: options.listen.port,
    credentials,
    console: ({ namespace, name, uid }) => (agent.holds(namespace, name, uid) ? consoles.get(uid) : undefined),
  });
  shutdown.add('stream server', () => server.close());
  const renewing = setInterval(() => {
    try {
      server.renew();
    } catch (error) {
      onProblem('the certificate cannot be read again', error);
    }
  }, RENEW_MS);
  shutdown.add('certificate renewal', () => clearInterval(renewing));

  machines.start();
  shutdown.add('machine informer', () => machines.stop());
  await agent.start(found.records, signal);
  shutdown.add('machines', () => agent.close());

  const endpoint = `${options.listen.host.includes(':') ? `[${options.listen.host}]` : options.listen.host}:${server.port}`;
  const report = {
    nodeName,
    endpoint,
    addresses: hostAddresses(),
    accelerator,
    machineTypes: [...qemu.machineTypes.keys()],
    qemuVersion: qemu.qemuVersion,
    launcherVersion: options.version,
    reservedMemory: options.reservedMemory ?? defaultReservedMemory(),
    images: () => images.list(),
  };
  // The stream hangs on the Host object, so it is opened when that is there.
  let live: Promise<void> | undefined;
  shutdown.add('live stream', () => live);
  const reporting = keepHostReported(client, report, signal, onProblem, () => {
    live ??= runLiveStream({ connection, nodeName, stages, onProblem }, signal);
  });
  shutdown.add('host report', () => reporting);
  log.info({ endpoint, adopted: found.records.length }, 'ready');
}

/** QEMU runs as users of its own, who must be able to pass through the directories above their files. */
async function makeReachable(stateDirectory: string, runDirectory: string): Promise<void> {
  for (const directory of [stateDirectory, join(stateDirectory, 'machines'), runDirectory]) {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    await chmod(directory, 0o711);
  }
  for (let parent = dirname(stateDirectory); parent !== '/'; parent = dirname(parent)) {
    const { mode } = await stat(parent);
    if ((mode & 0o001) === 0)
      throw new Error(`${parent} cannot be passed through by the users that machines run as: chmod o+x ${parent}`);
  }
}

/** One agent to a state directory: two would start every machine twice. */
async function claimDirectory(stateDirectory: string): Promise<void> {
  const file = join(stateDirectory, 'agent.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const other = JSON.parse(text) as ProcessIdentity;
    if (other.pid !== process.pid && (await isAlive(other)))
      throw new Error(
        `another launcher (process ${other.pid}) has the state directory ${stateDirectory}: stop it first`,
      );
  }
  await writeAtomically(file, JSON.stringify(await identifyProcess(process.pid)));
}

/** kvm counts only when the users that machines run as can open it. */
async function chooseAccelerator(
  qemu: string,
  qemuVersion: string,
  directory: string,
): Promise<{ readonly accelerator: Accelerator; readonly group: number | undefined }> {
  const accelerator = await probeAccelerator({ qemu, qemuVersion, directory });
  if (accelerator.name === 'tcg') return { accelerator, group: undefined };
  const { mode, gid } = await stat('/dev/kvm');
  if ((mode & 0o006) === 0o006) return { accelerator, group: undefined };
  if ((mode & 0o060) === 0o060 && gid > 0) return { accelerator, group: gid };
  const message =
    'kvm works, but /dev/kvm is open to root alone and machines do not run as root: chgrp kvm /dev/kvm && chmod 660 /dev/kvm, then restart the launcher';
  return { accelerator: { name: 'tcg', reason: 'NoPermission', message }, group: undefined };
}

function hostAddresses(): string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    name.startsWith('tp') ? [] : (list ?? []),
  );
  return all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
}
