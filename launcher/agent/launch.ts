import { constants as flags } from 'node:fs';
import { chown, constants, copyFile, type FileHandle, open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quantityMilliValue, tryParseQuantity } from '../../openapi/machinery/quantity.ts';
import { EndWatch, QemuMachine } from '../machine/driver.ts';
import { firmwareKind } from '../machine/plan/firmware.ts';
import type { PreparedDisk } from '../machine/plan/input.ts';
import { guestMemory, translationBuffer } from '../machine/plan/memory.ts';
import { type EffectivePlan, encodeArguments, planMachine } from '../machine/plan/plan.ts';
import type { QmpEvent } from '../machine/qmp.ts';
import type { PreparedInterface } from '../network/network.ts';
import type { Limits } from '../sandbox/cgroup.ts';
import { memoryOverhead } from '../sandbox/overhead.ts';
import type { MachineRecord } from '../sandbox/record.ts';
import type { DiskSource } from '../volumes/volume.ts';
import type { BootPlace } from './boot-place.ts';
import type { Node } from './node.ts';

/** Plans the machine and writes the files that its QEMU needs. @throws PlanError */
export async function planBoot(
  node: Node,
  record: MachineRecord,
  place: BootPlace,
  disks: ReadonlyMap<string, DiskSource>,
  interfaces: readonly PreparedInterface[],
): Promise<EffectivePlan> {
  const { machine } = record;
  const prepared = new Map<string, PreparedDisk>();
  for (const [name, source] of disks) prepared.set(name, { source, directIo: await takesDirectIo(source) });
  const efi = firmwareKind(machine);
  const variables =
    efi === 'efi' ? node.ovmfVariables.plain : efi === 'efi-secure' ? node.ovmfVariables.secure : undefined;
  const plan = planMachine({
    machine,
    bootID: record.bootID,
    disks: prepared,
    interfaces,
    host: node.host,
    files: {
      vncSocket: join(place.sandbox.directory, 'display', 'vnc'),
      memoryFile: place.memoryFile,
      efiVariables: variables === undefined ? undefined : place.efiVariables,
    },
    now: node.now(),
  });
  const owned = async (path: string) => chown(path, place.identity.uid, place.identity.gid);
  const { backing } = machine.spec.domain.memory ?? {};
  await Promise.all([
    ...(backing === 'File'
      ? [
          makeFile(place.memoryFile)
            .then(() => truncate(place.memoryFile, plan.memoryBytes))
            .then(() => owned(place.memoryFile)),
        ]
      : []),
    ...(variables === undefined
      ? []
      : [copyFile(variables, place.efiVariables, constants.COPYFILE_FICLONE).then(() => owned(place.efiVariables))]),
    writeFile(join(place.sandbox.directory, 'plan'), encodeArguments(plan.argv), { mode: 0o444 }),
    writeFile(join(node.records.directoryOf(record.uid), 'plan.json'), `${JSON.stringify(plan, undefined, 2)}\n`, {
      mode: 0o600,
    }),
  ]);
  return plan;
}

async function makeFile(path: string): Promise<void> {
  await (await open(path, flags.O_WRONLY | flags.O_CREAT | flags.O_NOFOLLOW, 0o600)).close();
}

async function takesDirectIo(source: DiskSource): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(source.path, flags.O_RDONLY | flags.O_DIRECT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false;
    throw error;
  }
  await file.close();
  return true;
}

/** What the machine may take of the host: the guest's memory with the overhead, and its requested share of processors. */
export function limitsOf(record: MachineRecord, accelerator: 'kvm' | 'tcg', processors: number): Limits {
  const { domain } = record.machine.spec;
  const guestBytes = guestMemory(domain);
  const overhead = memoryOverhead({
    guestBytes,
    processors,
    graphics: domain.devices?.autoattachGraphicsDevice ?? true,
    translationBufferMib: accelerator === 'tcg' ? translationBuffer(guestBytes) : 0,
  });
  const requested = tryParseQuantity(domain.resources?.requests?.cpu);
  return {
    memory: guestBytes + overhead,
    processes: 128 + 4 * processors,
    cpu: requested === undefined ? 100 * processors : Number(quantityMilliValue(requested)),
  };
}

/**
 * Starts the planned guest in its sandbox; its processors run once `networkComplete` has resolved (network.ts N1).
 * @throws MachineStartError when QEMU ends instead, NotAllowedError when the network does not come.
 */
export async function launchBoot(
  node: Node,
  record: MachineRecord,
  place: BootPlace,
  plan: EffectivePlan,
  networkComplete: Promise<void>,
  /** Called when the sandbox's sockets are there and QEMU does not run yet. */
  beforeStart: () => Promise<void>,
): Promise<QemuMachine> {
  const watch = new EndWatch();
  const client = await node.sandboxes.launch(place.sandbox, {
    limits: limitsOf(record, plan.accelerator, plan.processors),
    taps: record.interfaces.map(({ tap }) => tap),
    grace: record.machine.spec.terminationGracePeriodSeconds ?? 30,
    group: node.acceleratorGroup,
    listener: watch,
  });
  await beforeStart();
  const onEvent = ({ event, data }: QmpEvent) =>
    node.log.debug({ machine: `${record.namespace}/${record.name}`, event, data }, 'QEMU event');
  return QemuMachine.run(client, { state: 'idle' }, place.sandbox.directory, watch, { onEvent }, networkComplete);
}
