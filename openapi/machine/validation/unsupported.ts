import type { VirtualMachineSpec } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { tryParseQuantity } from '../../machinery/quantity.ts';

/**
 * What the API describes and this version does not do. A machine that would come out as something else than asked for is
 * refused; a wish that only comes into force with a later version is kept with a warning. When a row's feature is built,
 * the row goes.
 */
interface Refused {
  /** Paths below spec that are given and cannot be honoured. */
  readonly given: (spec: VirtualMachineSpec) => readonly string[];
  readonly why: string;
}

interface Dormant {
  /** Below spec. */
  readonly path: string;
  readonly given: (spec: VirtualMachineSpec) => boolean;
  readonly effect: string;
}

const refused: readonly Refused[] = [
  {
    given: ({ domain }) => (domain.firmware?.kernelBoot ? ['domain.firmware.kernelBoot'] : []),
    why: 'is not supported by this version; boot from a disk',
  },
  {
    given: (spec) => (['readinessProbe', 'livenessProbe'] as const).filter((name) => spec[name]),
    why: 'is not supported by this version; a machine counts as ready when its guest runs',
  },
  {
    given: ({ accessCredentials = [] }) =>
      accessCredentials.flatMap(({ userPassword, sshPublicKey }, index) => [
        ...(userPassword ? [`accessCredentials[${index}].userPassword`] : []),
        ...(sshPublicKey?.propagationMethod.qemuGuestAgent
          ? [`accessCredentials[${index}].sshPublicKey.propagationMethod.qemuGuestAgent`]
          : []),
      ]),
    why: 'is not supported by this version; give SSH keys with propagationMethod noCloud',
  },
];

const dormant: readonly Dormant[] = [
  {
    path: 'idle',
    given: ({ idle }) => idle !== undefined,
    effect: 'this version does not put machines to sleep',
  },
  {
    path: 'evictionStrategy',
    given: ({ evictionStrategy }) => evictionStrategy !== undefined && evictionStrategy !== 'None',
    effect: 'this version does not migrate machines',
  },
  {
    path: 'priorityClassName',
    given: ({ priorityClassName }) => priorityClassName !== undefined,
    effect: 'this version treats all machines alike',
  },
  {
    path: 'domain.memory.maxGuest',
    given: ({ domain: { memory } }) =>
      memory?.maxGuest !== undefined &&
      tryParseQuantity(memory.maxGuest)?.nanos !== tryParseQuantity(memory.guest)?.nanos,
    effect: 'this version does not plug memory into running machines',
  },
];

export function unsupportedErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  return refused.flatMap(({ given, why }) => given(spec).map((name) => field.forbidden(`${path}.${name}`, why)));
}

/** For Warning headers: fields that are kept and have no effect. */
export function dormantFieldWarnings(spec: VirtualMachineSpec, at = 'spec'): string[] {
  return dormant
    .filter(({ given }) => given(spec))
    .map(({ path, effect }) => `${at}.${path} is kept and has no effect: ${effect}`);
}
