import type { VirtualMachine, Volume } from '../../openapi/api.ts';
import { guestHostname } from '../guest-hostname.ts';
import { publicKeys } from './access-keys.ts';
import { removeBootFiles } from './boot-files.ts';
import { isReady } from './ready-file.ts';
import { seedPath, seedReady, writeSeed } from './seed-image.ts';
import type { VolumeContext, VolumeKind, VolumeOutcome } from './volume.ts';

/**
 * cloudInitNoCloud: user-data, network-config and meta-data on a CD image labelled cidata, as cloud-init's NoCloud data
 * source reads them.
 *
 * I1  instance-id is the firmware's UUID, or the machine's uid when none is set: it is the same on every boot, so
 *     cloud-init does its once-per-instance work once on a disk that is kept, and again on every fresh disk. A person who
 *     wants it done again sets another spec.domain.firmware.uuid.
 * I2  Within one boot the image is written once; a Secret that changes later is seen at the next start.
 */
export const cloudInitNoCloud: VolumeKind = {
  handles: (volume) => volume.cloudInitNoCloud !== undefined,
  async prepare(volume, context) {
    const path = seedPath(volume.name, context);
    if (await isReady(path)) return seedReady(path); // I2
    const gathered = await gather(volume, context);
    if (gathered.kind !== 'files') return gathered;
    return writeSeed(path, 'cidata', gathered.files, context);
  },
  cleanup: removeBootFiles,
};

type Unready = Exclude<VolumeOutcome, { kind: 'ready' }>;
type Gathered = { readonly kind: 'files'; readonly files: Map<string, Buffer> } | Unready;
type Read = { readonly kind: 'data'; readonly data: Buffer | undefined } | Unready;

async function gather(volume: Volume, context: VolumeContext): Promise<Gathered> {
  const source = volume.cloudInitNoCloud;
  if (source === undefined) throw new Error(`volume ${volume.name} is no cloudInitNoCloud`);
  const user = await readOne(volume.name, context, {
    plain: source.userData,
    base64: source.userDataBase64,
    secret: source.secretRef?.name,
    keys: ['userdata', 'userData'],
  });
  if (user.kind !== 'data') return user;
  const network = await readOne(volume.name, context, {
    plain: source.networkData,
    base64: source.networkDataBase64,
    secret: source.networkDataSecretRef?.name,
    keys: ['networkdata', 'networkData'],
  });
  if (network.kind !== 'data') return network;
  const keys = await publicKeys(context);
  if (keys.kind !== 'keys') return keys;
  const files = new Map([
    ['meta-data', Buffer.from(metaData(context.machine, keys.keys))],
    ['user-data', user.data ?? Buffer.alloc(0)],
  ]);
  if (network.data !== undefined) files.set('network-config', network.data);
  return { kind: 'files', files };
}

interface DataSource {
  readonly plain: string | undefined;
  readonly base64: string | undefined;
  readonly secret: string | undefined;
  /** Accepted keys of the Secret, in this order. */
  readonly keys: readonly string[];
}

async function readOne(volumeName: string, context: VolumeContext, source: DataSource): Promise<Read> {
  if (source.plain !== undefined) return { kind: 'data', data: Buffer.from(source.plain) };
  if (source.base64 !== undefined) return { kind: 'data', data: Buffer.from(source.base64, 'base64') };
  if (source.secret === undefined) return { kind: 'data', data: undefined };
  const secret = await context.readSecret(source.secret);
  if (secret === undefined) {
    return {
      kind: 'waiting',
      reason: 'SecretNotFound',
      message: `volume "${volumeName}" waits for Secret "${source.secret}": create it in the machine's namespace`,
    };
  }
  const key = source.keys.find((candidate) => secret.has(candidate));
  if (key === undefined) {
    return {
      kind: 'failed',
      reason: 'SecretKeyMissing',
      message: `Secret "${source.secret}" of volume "${volumeName}" has neither key ${source.keys.join(' nor ')}: add one`,
    };
  }
  return { kind: 'data', data: secret.get(key) };
}

/** YAML in which every value is a JSON string, which YAML reads alike. */
function metaData(machine: VirtualMachine, keys: readonly string[]): string {
  const instanceId = machine.spec.domain.firmware?.uuid ?? machine.metadata.uid ?? ''; // I1
  const lines = [`instance-id: ${instanceId.toLowerCase()}`, `local-hostname: ${guestHostname(machine)}`];
  if (keys.length > 0) lines.push('public-keys:', ...keys.map((key) => `  - ${JSON.stringify(key)}`));
  return `${lines.join('\n')}\n`;
}
