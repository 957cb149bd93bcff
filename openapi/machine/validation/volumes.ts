import type { CloudInitNoCloudSource, RegistryDiskSource, VirtualMachineSpec, Volume } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { labelNameErrors } from '../../machinery/names.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import { absolutePathErrors } from './hardware.ts';
import { imageErrors, objectNameErrors, secretNameErrors } from './image.ts';

const sources = [
  'registryDisk',
  'containerDisk',
  'cloudInitNoCloud',
  'emptyDisk',
  'persistentVolumeClaim',
  'ephemeral',
  'configMap',
  'secret',
] as const satisfies readonly Exclude<keyof Volume, 'name'>[];

/** Exactly one source each, and what that source needs. */
export function volumeErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  const list: FieldError[] = [];
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const at = `${path}.volumes[${index}]`;
    list.push(...labelNameErrors(volume.name).map((why) => field.invalid(`${at}.name`, volume.name, why)));
    const [first, ...more] = sources.filter((source) => volume[source] !== undefined);
    if (!first) list.push(field.required(at, `must specify a volume source, one of ${sources.join(', ')}`));
    for (const source of more)
      list.push(field.forbidden(`${at}.${source}`, 'may not specify more than 1 volume source'));
    if (first && more.length === 0) list.push(...sourceErrors(volume, `${at}.${first}`));
  }
  return list;
}

function sourceErrors(volume: Volume, path: string): FieldError[] {
  if (volume.registryDisk) return registryErrors(volume.registryDisk, path);
  if (volume.containerDisk) return registryErrors(volume.containerDisk, path);
  if (volume.cloudInitNoCloud) return cloudInitErrors(volume.cloudInitNoCloud, path);
  if (volume.emptyDisk) {
    const { capacity } = volume.emptyDisk;
    const positive = parseQuantity(capacity).nanos > 0n;
    return positive ? [] : [field.invalid(`${path}.capacity`, capacity, 'must be greater than 0')];
  }
  if (volume.persistentVolumeClaim)
    return objectNameErrors(volume.persistentVolumeClaim.claimName, `${path}.claimName`);
  if (volume.ephemeral) {
    const { claimName } = volume.ephemeral.persistentVolumeClaim;
    return objectNameErrors(claimName, `${path}.persistentVolumeClaim.claimName`);
  }
  if (volume.configMap) {
    const { name, volumeLabel } = volume.configMap;
    return [...objectNameErrors(name, `${path}.name`), ...labelErrors(volumeLabel, path)];
  }
  if (volume.secret) {
    const { secretName, volumeLabel } = volume.secret;
    return [...objectNameErrors(secretName, `${path}.secretName`), ...labelErrors(volumeLabel, path)];
  }
  return [];
}

function registryErrors(source: RegistryDiskSource, path: string): FieldError[] {
  return [
    ...imageErrors(source.image, `${path}.image`),
    ...absolutePathErrors(source.path, `${path}.path`),
    ...secretNameErrors(source.imagePullSecret, `${path}.imagePullSecret`),
  ];
}

function labelErrors(label: string | undefined, path: string): FieldError[] {
  if (label === undefined || /^[A-Za-z0-9_.-]{1,32}$/.test(label)) return [];
  const text = 'must be 1 to 32 letters, digits, dots, dashes or underscores';
  return [field.invalid(`${path}.volumeLabel`, label, text)];
}

const users = ['userData', 'userDataBase64', 'secretRef'] as const;
const networks = ['networkData', 'networkDataBase64', 'networkDataSecretRef'] as const;
/** KubeVirt's limit on data inside the object; larger data belongs into a Secret. */
const INLINE_LIMIT = 2048;

function cloudInitErrors(source: CloudInitNoCloudSource, path: string): FieldError[] {
  const list: FieldError[] = [];
  const given = [users, networks].map((group) => group.filter((name) => source[name] !== undefined));
  for (const [first, ...more] of given) {
    for (const name of more) list.push(field.forbidden(`${path}.${name}`, `may not be given together with ${first}`));
  }
  if (given.every((group) => group.length === 0)) {
    list.push(field.required(path, `must specify one of ${users.join(', ')}, or one of ${networks.join(', ')}`));
  }
  for (const [plain, encoded, reference, key] of [
    ['userData', 'userDataBase64', 'secretRef', 'userdata'],
    ['networkData', 'networkDataBase64', 'networkDataSecretRef', 'networkdata'],
  ] as const) {
    const advice = `put larger data into a Secret under the key ${key} and name it in ${reference}`;
    const text = source[plain];
    if (text !== undefined && Buffer.byteLength(text) > INLINE_LIMIT) {
      list.push(tooLong(`${path}.${plain}`, advice));
    }
    const base64 = source[encoded];
    if (base64 !== undefined) {
      const bytes = Buffer.from(base64, 'base64');
      if (bytes.toString('base64') !== base64.replace(/[\r\n]/g, '')) {
        list.push(field.invalid(`${path}.${encoded}`, '<not shown>', 'must be valid base64'));
      } else if (bytes.length > INLINE_LIMIT) list.push(tooLong(`${path}.${encoded}`, advice));
    }
    const secret = source[reference];
    if (!secret) continue;
    if (!secret.name) list.push(field.required(`${path}.${reference}.name`));
    else list.push(...objectNameErrors(secret.name, `${path}.${reference}.name`));
  }
  return list;
}

function tooLong(path: string, advice: string): FieldError {
  return { type: 'tooLong', field: path, value: '', detail: `may not be more than ${INLINE_LIMIT} bytes; ${advice}` };
}
