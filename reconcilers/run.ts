import type { Endpoint } from '../base/flags.ts';
import type { Logger } from '../base/log.ts';
import { createMetrics } from '../base/metrics.ts';
import type { Shutdown } from '../base/shutdown.ts';
import { Client } from '../openapi/client/client.ts';
import { EventRecorder } from '../openapi/client/events.ts';
import { Informer, type InformerOptions } from '../openapi/client/informer.ts';
import { connect } from '../openapi/client/kubeconfig.ts';
import { type ApiObject, type Resource, resources } from '../openapi/client/resources.ts';
import { BY_CLAIM, ClaimController, claimsOf } from './claims/claim-controller.ts';
import { Controller } from './engine/controller.ts';
import { createEngineMetrics } from './engine/engine-metrics.ts';
import { Leader } from './engine/leader.ts';
import type { Reconcile } from './engine/reconcile.ts';
import { GarbageCollector } from './garbage/collector.ts';
import { HostMonitor } from './hosts/host-monitor.ts';
import { MachineController } from './machine/machine-controller.ts';
import { BY_HOST, byHost } from './machine/placement.ts';
import { NamespaceController } from './namespaces/namespace-controller.ts';
import { BY_CONTROLLER, byController } from './pools/members.ts';
import { PoolController } from './pools/pool-controller.ts';
import { serveStatus } from './status-server.ts';

/**
 * Puts the process together. What is started last stops first (base/shutdown H1):
 * metrics → leadership → informers → (synced) → controllers.
 */
export interface RunOptions {
  readonly kubeconfig: string;
  readonly embedded: { readonly claimsDirectory: string } | undefined;
  readonly leaderElect: { readonly namespace: string } | undefined;
  readonly metricsAddress: Endpoint;
}

export async function run(options: RunOptions, { log, shutdown }: { log: Logger; shutdown: Shutdown }): Promise<void> {
  const { signal } = shutdown;
  const metrics = createMetrics();
  const engineMetrics = createEngineMetrics(metrics);
  const informers: Informer<ApiObject>[] = [];
  let started = false;
  const server = await serveStatus(options.metricsAddress, {
    metrics,
    ready: () => started && informers.every(({ synced }) => synced),
  });
  shutdown.add('status server', () => server.close());

  const connection = await connect({ path: options.kubeconfig });
  const client = new Client(connection, { userAgent: 'torpor-reconcilers/v1alpha1' });
  shutdown.add('client', () => client.close());
  const events = new EventRecorder(client, {
    component: 'torpor-reconcilers',
    onProblem: (problem, error) => log.warn({ err: error }, problem),
  });
  shutdown.add('event recorder', () => events.stop());

  if (options.leaderElect) {
    const leader = new Leader(client, { ...options.leaderElect, name: 'torpor-reconcilers', log });
    shutdown.add('leader', () => leader.release());
    started = true;
    await leader.acquire(signal);
    // What was begun is another one's now (leader.ts E3).
    leader.lost.addEventListener('abort', () => void shutdown.stop(1), { once: true });
  }

  const follow = <T extends ApiObject>(resource: Resource<T>, more: InformerOptions<T> = {}): Informer<T> => {
    const informer = new Informer(client, resource, {
      onProblem: (problem, error) => log.warn({ err: error }, problem),
      ...more,
    });
    informers.push(informer as unknown as Informer<ApiObject>);
    return informer;
  };
  const control = (name: string, reconcile: Reconcile, workers: number): Controller =>
    new Controller({ name, reconcile, workers, log, metrics: engineMetrics, queue: { maxMs: 60_000 } });

  const machines = follow(resources.virtualMachines, {
    indexers: { [BY_HOST]: byHost, [BY_CLAIM]: claimsOf, [BY_CONTROLLER]: byController },
  });
  const pools = follow(resources.virtualMachinePools);
  const hosts = follow(resources.hosts);
  const namespaces = options.embedded ? follow(resources.namespaces) : undefined;
  const controllers: Controller[] = [];
  const collectors: GarbageCollector[] = [];

  const machineController = new MachineController({
    client,
    machines,
    hosts,
    events,
    namespaceLabels: (name) => namespaces?.get(name)?.metadata.labels,
    enqueue: (key) => machineControl.enqueue(key),
  });
  const machineControl = control('machine', machineController.reconcile, 8);
  machines.onKey(machineController.onMachine);
  hosts.onKey(machineController.onHost);
  controllers.push(machineControl);

  const poolController = new PoolController({
    client,
    pools,
    machines,
    events,
    enqueue: (key) => poolControl.enqueue(key),
  });
  const poolControl = control('pool', poolController.reconcile, 2);
  pools.onKey(poolControl.enqueue);
  machines.onKey(poolController.onMachine);
  controllers.push(poolControl);

  if (options.embedded && namespaces) {
    const claims = follow(resources.persistentVolumeClaims);
    const claimController = new ClaimController({
      client,
      claims,
      machines,
      events,
      directory: options.embedded.claimsDirectory,
      enqueue: (key) => claimControl.enqueue(key),
    });
    const claimControl = control('claim', claimController.reconcile, 2);
    claims.onKey(claimControl.enqueue);
    machines.onKey(claimController.onMachine);

    const namespaceControl = control('namespace', new NamespaceController({ client, namespaces }).reconcile, 2);
    namespaces.onKey(namespaceControl.enqueue);
    controllers.push(claimControl, namespaceControl);

    const collector = new GarbageCollector({ client, log });
    const pokeWhenGoing = <T extends ApiObject>(informer: Informer<T>) =>
      informer.onKey((key) => {
        if (informer.get(key)?.metadata.deletionTimestamp || !informer.get(key)) collector.poke();
      });
    pokeWhenGoing(machines);
    pokeWhenGoing(pools);
    pokeWhenGoing(claims);
    collectors.push(collector);
  }

  for (const informer of informers) {
    informer.start();
    shutdown.add(`informer of ${informer.resource.plural}`, () => informer.stop());
  }
  await Promise.all(informers.map((informer) => informer.whenSynced(signal)));
  for (const controller of controllers) {
    controller.start();
    shutdown.add('controller', () => controller.stop());
  }
  for (const collector of collectors) {
    collector.start();
    shutdown.add('garbage collector', () => collector.stop());
  }
  const monitor = new HostMonitor({ client, events, log });
  monitor.start();
  shutdown.add('host monitor', () => monitor.stop());
  started = true;
  log.info({ machines: machines.size, hosts: hosts.size }, 'reconcilers are running');
}
