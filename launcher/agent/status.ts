import type { Condition, VirtualMachine, VirtualMachineStatus } from '../../openapi/api.ts';
import { type ConditionChange, removeCondition, setCondition } from '../../openapi/machine/conditions.ts';
import { enterPhase } from '../../openapi/machine/phases.ts';
import { withoutSettledRequests } from '../../openapi/machine/requests.ts';
import type { MachineRecord, RecordedEnd } from '../sandbox/record.ts';

/**
 * The statuses that an agent writes; pure. Whatever is not the agent's to say is kept as it was found.
 */
export interface Trouble {
  readonly type: 'VolumesReady' | 'NetworkReady' | 'Running';
  readonly reason: string;
  readonly message: string;
}

const MADE_READY = {
  VolumesReady: { type: 'VolumesReady', status: 'True', reason: 'Prepared', message: 'All volumes are attached' },
  NetworkReady: { type: 'NetworkReady', status: 'True', reason: 'Prepared', message: 'The network is set up' },
  Running: { type: 'Running', status: 'True', reason: 'GuestRunning', message: 'The guest runs' },
} as const satisfies Record<Trouble['type'], ConditionChange>;

/** Preparation takes long or fails: what holds it up, and what is ready nevertheless. */
export function preparingStatus(
  machine: VirtualMachine,
  troubles: readonly Trouble[],
  ready: readonly Trouble['type'][],
  now: Date,
): VirtualMachineStatus {
  const status = machine.status ?? {};
  const first = troubles[0];
  const detail = first === undefined ? {} : { reason: first.reason, message: first.message };
  const changes = [
    ...troubles.map((trouble): ConditionChange => ({ ...trouble, status: 'False' })),
    ...ready.map((type) => MADE_READY[type]),
  ];
  return finish(machine, conditions(enterPhase(status, 'Preparing', now, detail), changes, now), now);
}

/** The one write of a start: the guest runs. */
export function runningStatus(machine: VirtualMachine, record: MachineRecord, now: Date): VirtualMachineStatus {
  const entered = enterPhase(machine.status ?? {}, 'Running', now);
  const changes = Object.values(MADE_READY);
  const addresses = [...new Set(record.interfaces.map(({ address }) => address))];
  const { preparing = 0, starting = 0 } = record.timings;
  const status: VirtualMachineStatus = {
    ...conditions(entered, changes, now),
    addresses,
    interfaces: record.interfaces.map(({ name, address, guestAddress, macAddress }) => ({
      name,
      ipAddress: address,
      ipAddresses: [address],
      guestAddress,
      mac: macAddress,
      infoSource: 'domain',
    })),
    volumeStatus: (machine.spec.volumes ?? []).map(({ name }) => {
      const target = record.targets?.find(({ volume }) => volume === name)?.target;
      return { name, phase: 'Ready', ...(target === undefined ? {} : { target }) };
    }),
    ...(record.board === undefined ? {} : { machine: record.board }),
    timings: { ...record.timings, total: (record.timings.scheduling ?? 0) + preparing + starting },
  };
  return finish(machine, status, now);
}

/** A stop that takes long enough to be seen. */
export function stoppingStatus(machine: VirtualMachine, why: string, now: Date): VirtualMachineStatus {
  const entered = enterPhase(machine.status ?? {}, 'Stopping', now, {
    reason: 'Requested',
    message: `The guest was asked to shut down: ${why}`,
  });
  return finish(machine, entered, now);
}

/** The one write of an end: what became of the boot; the node lets go of the machine. */
export function endedStatus(
  machine: VirtualMachine,
  record: MachineRecord,
  end: RecordedEnd,
  now: Date,
): VirtualMachineStatus {
  const {
    nodeName: _node,
    bootID,
    addresses: _addresses,
    interfaces: _interfaces,
    volumeStatus: _volumes,
    ...rest
  } = machine.status ?? {};
  const entered = enterPhase(rest, end.phase, now, { reason: end.reason, message: end.message });
  const gone = ['Scheduled', 'VolumesReady', 'NetworkReady', 'AgentConnected', 'LiveMigratable', 'Durable'];
  const kept = gone.reduce<readonly Condition[]>((list, type) => removeCondition(list, type), entered.conditions ?? []);
  const { phase, finishedAt, ...described } = end;
  const status: VirtualMachineStatus = {
    ...entered,
    conditions: [
      ...setCondition(kept, { type: 'Running', status: 'False', reason: end.reason, message: end.message }, now),
    ],
    lastNodeName: machine.status?.nodeName ?? '',
    exit: {
      ...described,
      bootID: bootID ?? record.bootID,
      ...(record.startedAt === undefined ? {} : { startedAt: seconds(record.startedAt) }),
      finishedAt: seconds(finishedAt),
    },
  };
  return finish(machine, status, now);
}

function conditions(
  status: VirtualMachineStatus,
  changes: readonly ConditionChange[],
  now: Date,
): VirtualMachineStatus {
  const list = changes.reduce<readonly Condition[]>(
    (before, change) => setCondition(before, change, now),
    status.conditions ?? [],
  );
  return { ...status, conditions: [...list] };
}

function finish(machine: VirtualMachine, status: VirtualMachineStatus, now: Date): VirtualMachineStatus {
  const { generation } = machine.metadata;
  const { live: _live, ...stored } = withoutSettledRequests(status, now);
  return { ...stored, ...(generation === undefined ? {} : { observedGeneration: generation }) };
}

function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
