import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkSandbox } from '../network/network.ts';
import { identityOf, type SandboxIdentity } from '../sandbox/identity.ts';
import type { MachineRecord } from '../sandbox/record.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { VolumeContext } from '../volumes/volume.ts';
import type { Node } from './node.ts';
import { volumeReads } from './reads.ts';

/** Where everything of one boot is; derived from its record alone. */
export interface BootPlace {
  readonly identity: SandboxIdentity;
  readonly sandbox: Sandbox;
  /** Volumes, the RAM file, the EFI variables. */
  readonly bootDirectory: string;
  readonly serialLog: string;
  readonly memoryFile: string;
  readonly efiVariables: string;
  readonly network: NetworkSandbox;
}

export function placeOf(node: Node, record: MachineRecord): BootPlace {
  const identity = identityOf(record.slot, node.identities);
  const directory = node.records.directoryOf(record.uid);
  const bootDirectory = join(directory, 'boot');
  return {
    identity,
    sandbox: node.sandboxes.at(identity),
    bootDirectory,
    serialLog: join(directory, 'serial.log'),
    memoryFile: join(bootDirectory, 'memory.ram'),
    efiVariables: join(bootDirectory, 'efi.vars'),
    network: { ...identity, directory: join(directory, 'network') },
  };
}

/** Root's, and open to the machine's user where QEMU has to find files. */
export async function makeDirectories(
  node: Node,
  record: MachineRecord,
  { identity, bootDirectory, network, sandbox }: BootPlace,
): Promise<void> {
  await mkdir(node.records.directoryOf(record.uid), { recursive: true, mode: 0o711 });
  await Promise.all([
    mkdir(bootDirectory, { recursive: true, mode: 0o710 }).then(() => chown(bootDirectory, 0, identity.gid)),
    // The DHCP server reads its files here as a user of its own.
    mkdir(network.directory, { recursive: true }).then(() => chmod(network.directory, 0o755)),
    node.sandboxes.prepare(sandbox),
  ]);
}

/** Everything of the boot but its record. Idempotent; needs nothing to be there. */
export async function removeBoot(
  node: Node,
  record: MachineRecord,
  place: BootPlace,
  signal: AbortSignal,
): Promise<void> {
  // QEMU first: nothing is taken from under a guest that runs.
  await node.sandboxes.destroy(place.sandbox);
  await node.network.cleanup(place.network);
  await node.volumes.cleanupAll(
    record.machine,
    volumeContext(node, record, place, signal, () => {}),
  );
  await rm(place.bootDirectory, { recursive: true, force: true });
  await rm(place.network.directory, { recursive: true, force: true });
}

export function volumeContext(
  node: Node,
  record: MachineRecord,
  place: BootPlace,
  signal: AbortSignal,
  progress: VolumeContext['progress'],
): Omit<VolumeContext, 'machine'> {
  const { uid, gid } = place.identity;
  return {
    bootDirectory: place.bootDirectory,
    uid,
    gid,
    signal,
    progress,
    ...volumeReads(node.client, record.namespace, node.claimsDirectory, signal),
  };
}
