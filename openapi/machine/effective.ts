import type { VirtualMachine } from '../api.ts';
import { cloneJson } from '../machinery/json-value.ts';
import type { KubernetesObject } from '../machinery/object.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { definitionOfKind } from '../schema/definitions.ts';
import { shapeOf } from '../schema/shape.ts';
import { defaultListItems, defaultMachine } from './defaults.ts';

const definition = definitionOfKind({ group: 'torpor.dev', version: 'v1alpha1', kind: 'VirtualMachine' });
if (definition === undefined) throw new Error('openapi/documents has no VirtualMachine');
const shape = shapeOf(definition);

/**
 * A machine as it is built: a copy with every default, also inside lists and of fields that came into being after the
 * machine was stored. Whoever makes something of a machine works with this; what is stored and shown stays as the user
 * wrote it.
 */
export function effectiveMachine(machine: VirtualMachine): VirtualMachine {
  const copy = cloneJson(machine) as VirtualMachine & KubernetesObject;
  applyDefaults(copy, shape, 'everywhere');
  defaultMachine(copy);
  defaultListItems(copy);
  applyDefaults(copy, shape, 'everywhere'); // of what the computed defaults made
  return copy;
}
