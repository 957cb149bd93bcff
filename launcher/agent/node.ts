import type { Logger } from '../../base/log.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { EventType } from '../../openapi/client/events.ts';
import type { HostFacts } from '../machine/plan/input.ts';
import type { EmbeddedNetwork } from '../network/embedded-network.ts';
import type { Cgroups } from '../sandbox/cgroup.ts';
import type { IdentityRange } from '../sandbox/identity.ts';
import type { Records } from '../sandbox/record.ts';
import type { ProcessSandboxes } from '../sandbox/sandbox.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { Consoles } from './consoles.ts';
import type { LiveStages } from './live-stages.ts';
import type { Slots } from './slots.ts';
import type { StatusWriter } from './status-writer.ts';

/** What every machine's actor works with. */
export interface Node {
  readonly name: string;
  readonly stateDirectory: string;
  readonly claimsDirectory: string;
  readonly identities: IdentityRange;
  readonly host: HostFacts;
  readonly ovmfVariables: { readonly plain: string | undefined; readonly secure: string | undefined };
  /** Group that may open the accelerator's device; undefined under emulation. */
  readonly acceleratorGroup: number | undefined;
  readonly client: Client;
  readonly records: Records;
  readonly slots: Slots;
  readonly sandboxes: ProcessSandboxes;
  readonly cgroups: Cgroups;
  readonly network: Pick<EmbeddedNetwork, 'prepare' | 'isComplete' | 'cleanup'>;
  readonly volumes: Volumes;
  readonly statuses: StatusWriter;
  readonly stages: LiveStages;
  readonly consoles: Consoles;
  readonly log: Logger;
  event(machine: VirtualMachine, type: EventType, reason: string, message: string): void;
  now(): Date;
}
