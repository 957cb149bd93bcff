import { isDeepStrictEqual } from 'node:util';
import type { VirtualMachine, VirtualMachinePool, VirtualMachineSpec } from '../api.ts';
import { validateMachine } from '../machine/validate.ts';
import { type FieldError, field } from '../machinery/errors.ts';
import { labelSelectorRequirements, matchesLabels, SelectorError } from '../machinery/labels.ts';
import { validateAnnotations, validateLabels } from '../machinery/metadata.ts';

/**
 * What is wrong with a pool whose form is right: the rules of Kubernetes' ReplicaSet for selector and template, and those
 * of a machine for what machines are made from.
 */
export function validatePool({ spec }: VirtualMachinePool): FieldError[] {
  const { metadata = {}, spec: machine } = spec.template;
  const at = 'spec.template.metadata';
  return [
    ...selectorErrors(spec),
    ...validateLabels(metadata.labels ?? {}, `${at}.labels`),
    ...validateAnnotations(metadata.annotations ?? {}, `${at}.annotations`),
    ...validateMachine(machineOf(machine), 'spec.template.spec'),
  ];
}

/** A pool that could change its selector would lose machines that nobody looks after. */
export function poolUpdateErrors(pool: VirtualMachinePool, old: VirtualMachinePool): FieldError[] {
  if (isDeepStrictEqual(pool.spec.selector, old.spec.selector)) return [];
  return [field.invalid('spec.selector', pool.spec.selector, 'field is immutable')];
}

/** Parts of a whole cannot be more than it. */
export function poolStatusErrors({ status = {} }: VirtualMachinePool): FieldError[] {
  const { replicas = 0 } = status;
  return (['readyReplicas', 'updatedReplicas'] as const)
    .filter((name) => (status[name] ?? 0) > replicas)
    .map((name) => field.invalid(`status.${name}`, status[name], 'cannot be greater than status.replicas'));
}

function selectorErrors({ selector, template }: VirtualMachinePool['spec']): FieldError[] {
  const at = 'spec.selector';
  try {
    const requirements = labelSelectorRequirements(selector) ?? [];
    if (requirements.length === 0) {
      return [
        field.invalid(at, selector, 'an empty selector is invalid: it would take every machine of the namespace'),
      ];
    }
    if (matchesLabels(requirements, template.metadata?.labels)) return [];
    const labels = template.metadata?.labels ?? {};
    return [field.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return [field.invalid(at, selector, error.message)];
  }
}

const machineOf = (spec: VirtualMachineSpec): VirtualMachine => ({
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachine',
  metadata: {},
  spec,
});
