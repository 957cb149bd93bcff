import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-write.ts';
import type { VirtualMachine } from '../../openapi/api.ts';
import type { PreparedInterface } from '../network/network.ts';

/**
 * What the agent knows of one machine on this node, on disk so that it survives the agent.
 *
 * R1  It is written before the first thing is made for the machine and removed after the last is gone and the API
 *     server knows: whatever exists for a machine, a record leads to it.
 * R2  Each stage is written before the step that it names is begun. `launched` means that a supervisor may run;
 *     whether a guest ever ran is told by the sandbox's lock file.
 * R3  One record to a machine; it names one boot. A different boot starts only after this record is gone.
 * R4  It need not outlive a loss of power, after which nothing runs any more: an empty or torn record counts as none, and
 *     what lies beside it is removed as a stray.
 */
export interface MachineRecord {
  readonly version: 1;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly bootID: string;
  readonly slot: number;
  readonly stage: 'preparing' | 'launched' | 'ended';
  /** The machine as it was prepared: enough to clean up when the object is gone. */
  readonly machine: VirtualMachine;
  readonly interfaces: readonly PreparedInterface[];
  /** RFC 3339; when the guest ran first. */
  readonly startedAt?: string;
  /** Milliseconds by stage, for status.timings. */
  readonly timings: Readonly<Record<string, number>>;
  readonly board?: { readonly type: string; readonly accelerator: string; readonly qemuVersion: string };
  readonly targets?: readonly { readonly volume: string; readonly target: string }[];
  readonly end?: RecordedEnd;
}

/** How a boot ended; what the last status write says. */
export interface RecordedEnd {
  readonly phase: 'Stopped' | 'Succeeded' | 'Failed';
  readonly reason: string;
  readonly message: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly lastOutput?: string;
  readonly finishedAt: string;
}

export interface Records {
  directoryOf(uid: string): string;
  read(uid: string): Promise<MachineRecord | undefined>;
  /** All that can be read, and the names of directories that hold no record. */
  list(): Promise<{ readonly records: readonly MachineRecord[]; readonly strays: readonly string[] }>;
  write(record: MachineRecord): Promise<void>;
  /** Removes the record and everything beside it. */
  remove(uid: string): Promise<void>;
}

function parsed(text: string): MachineRecord | undefined {
  try {
    return JSON.parse(text) as MachineRecord;
  } catch {
    return undefined;
  }
}

const UID = /^[A-Za-z0-9-]{1,64}$/;

export function createRecords(stateDirectory: string): Records {
  const root = join(stateDirectory, 'machines');
  const directoryOf = (uid: string) => {
    if (!UID.test(uid)) throw new Error(`${JSON.stringify(uid)} is no uid of an object`);
    return join(root, uid);
  };
  const read = async (uid: string): Promise<MachineRecord | undefined> => {
    const text = await readFile(join(directoryOf(uid), 'record.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const record = parsed(text); // R4
    if (record === undefined) return undefined;
    if (record.version !== 1 || record.uid !== uid)
      throw new Error(`the record of machine ${uid} in ${root} is of another version: update the launcher`);
    return record;
  };
  return {
    directoryOf,
    read,
    async list() {
      const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      const records: MachineRecord[] = [];
      const strays: string[] = [];
      for (const name of names) {
        const record = UID.test(name) ? await read(name) : undefined;
        if (record === undefined) strays.push(name);
        else records.push(record);
      }
      return { records, strays };
    },
    async write(record) {
      // Searchable by the machine's user, who owns files below; the record itself is root's.
      await mkdir(directoryOf(record.uid), { recursive: true, mode: 0o711 });
      await replaceFile(join(directoryOf(record.uid), 'record.json'), `${JSON.stringify(record)}\n`, 0o600);
    },
    async remove(uid) {
      await rm(join(directoryOf(uid), 'record.json'), { force: true });
      await rm(directoryOf(uid), { recursive: true, force: true });
    },
  };
}
