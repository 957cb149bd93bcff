import type { NodeSelectorRequirement, NodeSelectorTerm, Toleration, VirtualMachineSpec } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { validateLabels } from '../../machinery/metadata.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import { objectNameErrors } from './image.ts';

/** Where the machine may run: the rules of a pod. */
export function schedulingErrors(spec: VirtualMachineSpec, path: string): FieldError[] {
  const list: FieldError[] = [...validateLabels(spec.nodeSelector ?? {}, `${path}.nodeSelector`)];
  const node = spec.affinity?.nodeAffinity;
  const at = `${path}.affinity.nodeAffinity`;
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution;
  const where = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  if (required && required.nodeSelectorTerms.length === 0) {
    list.push(field.required(where, 'must have at least one node selector term'));
  }
  for (const [index, term] of (required?.nodeSelectorTerms ?? []).entries()) {
    list.push(...termErrors(term, `${where}[${index}]`));
  }
  for (const [index, wish] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const place = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`;
    list.push(...termErrors(wish.preference, place));
  }
  for (const [index, toleration] of (spec.tolerations ?? []).entries()) {
    list.push(...tolerationErrors(toleration, `${path}.tolerations[${index}]`));
  }
  if (spec.priorityClassName !== undefined) {
    list.push(...objectNameErrors(spec.priorityClassName, `${path}.priorityClassName`));
  }
  return list;
}

function termErrors(term: NodeSelectorTerm, path: string): FieldError[] {
  const list: FieldError[] = [];
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    list.push(...qualifiedNameErrors(requirement.key).map((why) => field.invalid(`${at}.key`, requirement.key, why)));
    list.push(...requirementErrors(requirement, at));
  }
  for (const [index, requirement] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`;
    if (requirement.key !== 'metadata.name') {
      list.push(field.notSupported(`${at}.key`, requirement.key, ['metadata.name']));
    }
    if (requirement.operator !== 'In' && requirement.operator !== 'NotIn') {
      list.push(field.notSupported(`${at}.operator`, requirement.operator, ['In', 'NotIn']));
    } else list.push(...requirementErrors(requirement, at));
  }
  return list;
}

function requirementErrors({ operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? [] : [field.required(at, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [field.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt': {
      const [only = ''] = values;
      if (values.length !== 1) {
        return [field.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
      }
      return /^-?[0-9]+$/.test(only) ? [] : [field.invalid(`${at}[0]`, only, 'must be an integer')];
    }
    default:
      operator satisfies never;
      return [];
  }
}

function tolerationErrors(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds } = toleration;
  const list: FieldError[] = [];
  if (key !== '') list.push(...qualifiedNameErrors(key).map((why) => field.invalid(`${path}.key`, key, why)));
  if (key === '' && operator !== 'Exists') {
    const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    list.push(field.invalid(`${path}.operator`, operator, text));
  }
  if (operator === 'Exists' && value !== '') {
    list.push(field.invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    list.push(field.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  return list;
}
