import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '../../base/backoff.ts';
import { flag, flagsOrExit } from '../../base/flags.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { resources } from '../../openapi/client/resources.ts';
import { StatusError } from '../../openapi/machinery/errors.ts';
import { stateOf, stop } from './detached.ts';
import { type Home, homeAt } from './home.ts';
import { ownerBehindSudo, removeContext, unlinkPlugin } from './kubectl-context.ts';
import { findLeftovers, leaveShared, removeLeftovers } from './leftovers.ts';
import { createProgress } from './progress.ts';
import { adminClient } from './ready.ts';
import { DEFAULT_PORTS, services } from './services.ts';
import { DEFAULT_NETWORK, dist, PLUGIN_LINK, personalKubeconfig, sharedFlags } from './settings.ts';

/**
 * hack/down, like switching off a host: machines are shut down within their grace periods, then the processes end, in
 * the reverse order of their start.
 *
 * W1  The reconcilers go first, so that nobody starts a machine again. What a machine wants (spec) is not changed: it
 *     is asked to restart, and the half of that which starts it comes at the next hack/up. (A request lives 15 minutes;
 *     after a longer pause only machines that run by strategy come back.)
 * W2  Afterwards nothing of Torpor is left on the host but the files under its home; with --purge not those either.
 */
const EXTRA_MS = 15_000;

const flags = {
  ...sharedFlags,
  purge: flag.toggle({ about: 'Remove all data too: objects, disks, images, keys.' }),
  now: flag.toggle({ about: 'Kill the machines instead of shutting them down.' }),
};

/** Machines that a host holds. Empty when the API server does not answer: then there is nobody to ask. */
async function heldMachines(client: Client): Promise<readonly VirtualMachine[]> {
  const list = await client.list(resources.virtualMachines);
  return list.items.filter((machine) => machine.status?.nodeName);
}

function nameOf(machine: VirtualMachine): string {
  return `${machine.metadata.namespace}/${machine.metadata.name}`;
}

/** Shuts all machines down and says how many; rejects with the names of those that did not end in time. */
async function shutMachinesDown(client: Client): Promise<number> {
  const machines = await heldMachines(client);
  let grace = 0;
  for (const machine of machines) {
    grace = Math.max(grace, machine.spec.terminationGracePeriodSeconds ?? 30);
    const at = { namespace: machine.metadata.namespace, name: machine.metadata.name ?? '' };
    try {
      // Once is over with its one boot; all others come back at the next hack/up.
      await client.action(resources.virtualMachines, at, machine.spec.runStrategy === 'Once' ? 'stop' : 'restart');
    } catch (error) {
      // Halted or being deleted: it is on its way down already. Gone: even better.
      if (!(error instanceof StatusError) || (error.code !== 409 && error.code !== 404)) throw error;
    }
  }
  const deadline = performance.now() + grace * 1000 + EXTRA_MS;
  for (;;) {
    const left = await heldMachines(client);
    if (left.length === 0) return machines.length;
    if (performance.now() > deadline) throw new Error(`still running: ${left.map(nameOf).join(', ')}`);
    await sleep(200);
  }
}

async function endMachines(home: Home): Promise<string> {
  const [apiserver, launcher] = [await stateOf(home, 'apiserver'), await stateOf(home, 'launcher')];
  if (apiserver.kind !== 'running' || launcher.kind !== 'running') return 'nobody to ask; see below';
  const client = await adminClient(home);
  try {
    return `${await shutMachinesDown(client)} shut down`;
  } catch (error) {
    return `not all: ${(error as Error).message}`;
  } finally {
    client.close();
  }
}

/** The network that the launcher was started with, from its record; else the default. */
async function launchersNetwork(home: Home): Promise<string> {
  const state = await stateOf(home, 'launcher');
  const argument =
    state.kind === 'absent' ? undefined : state.record.command.find((word) => word.startsWith('--network-cidr='));
  return argument?.slice('--network-cidr='.length) ?? DEFAULT_NETWORK;
}

async function main(): Promise<void> {
  const given = flagsOrExit({ name: 'hack/down', about: 'Stops Torpor on this machine.', flags });
  if (process.getuid?.() !== 0) throw new Error('must run as root; ./hack/down takes care of that');
  const home = homeAt(given.home);
  const progress = createProgress();
  // Only names and grace periods matter for stopping, not how the processes were started.
  const all = services({ home, ports: DEFAULT_PORTS, nodeName: '-', dist, networkCidr: '-' });

  const networkCidr = await launchersNetwork(home);
  await stop(home, 'images', 15_000, true);
  for (const service of [...all]
    .reverse()
    .sort((a, b) => Number(b.name === 'reconcilers') - Number(a.name === 'reconcilers'))) {
    if (service.name === 'launcher' && !given.now)
      await progress.step(
        'machines',
        () => endMachines(home),
        (said) => said,
      );
    await progress.step(
      service.title,
      () => stop(home, service.name, service.graceMs),
      (outcome) => (outcome === 'absent' ? 'was not running' : outcome),
    );
  }
  const leftovers = await findLeftovers(home, networkCidr);
  if (leftovers.length > 0) {
    await progress.step(
      'left-over parts of machines',
      () => removeLeftovers(leftovers).then(failIfAny),
      () => `${leftovers.length} removed`,
    );
    for (const leftover of leftovers) progress.note(leftover.what);
  }
  await leaveShared(networkCidr);
  if (given['merge-kubeconfig']) {
    await unlinkPlugin(PLUGIN_LINK, path.join(home.bin, 'kubectl-vm'));
    await removeContext(personalKubeconfig(), ownerBehindSudo());
  }
  await rm(home.run, { recursive: true, force: true });
  if (given.purge)
    await progress.step(
      'data',
      () => rm(home.root, { recursive: true, force: true }),
      () => `removed ${home.root}`,
    );
  else progress.note(`Objects, disks and images are kept in ${home.root}; ./hack/down --purge removes them.`);
}

function failIfAny(failed: readonly string[]): void {
  if (failed.length > 0) throw new Error(`cannot remove:\n${failed.join('\n')}`);
}

main().catch((error: unknown) => {
  console.error(`\nhack/down: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
