import * as compiled from '../generated/validators.js';
import { defaultMachine } from '../machine/defaults.ts';
import type { FieldError } from '../machinery/errors.ts';
import type { KubernetesObject } from '../machinery/object.ts';
import { crowdError } from './crowd.ts';
import { applyDefaults } from './defaults.ts';
import { definitionOfKind } from './definitions.ts';
import { fieldErrorsOf } from './faults.ts';
import { type Shape, shapeOf } from './shape.ts';
import { prune, unknownFields } from './unknown-fields.ts';
import { valueErrors } from './value-errors.ts';

/**
 * What the documents say about one kind. The order of use is unknownFields → prune → default → validate; each function
 * bears any JSON value and never throws because of one.
 */
export interface KindSchema {
  /** Name of the definition in the published documents. */
  readonly definition: string;
  readonly shape: Shape;
  /** Everything wrong with the form: types, required fields, enums, bounds, patterns, formats, keys that occur twice. */
  validate(object: KubernetesObject): FieldError[];
  /**
   * Sets absent fields to their defaults, in place: those stated in the documents and those computed from others. Items
   * of lists stay as they are (defaults.ts says why).
   */
  default(object: KubernetesObject): void;
  /** Paths of fields that the kind does not have, for example `spec.domain.devices.disks[0].tray`. */
  unknownFields(object: KubernetesObject): string[];
  /** Removes them, in place. */
  prune(object: KubernetesObject): void;
}

/** Defaults that follow from other fields, by definition. */
const computedDefaults: Readonly<Record<string, (object: KubernetesObject) => void>> = {
  'dev.torpor.v1alpha1.VirtualMachine': defaultMachine,
};

const validators = compiled as unknown as Readonly<Record<string, compiled.Validator>>;
const known = new Map<string, KindSchema>();

/** The schema of a kind; undefined when the documents do not have it. `group` is '' for the core group. */
export function schemaFor(group: string, version: string, kind: string): KindSchema | undefined {
  const definition = definitionOfKind({ group, version, kind });
  if (!definition) return undefined;
  const found = known.get(definition) ?? make(definition);
  known.set(definition, found);
  return found;
}

function make(definition: string): KindSchema {
  const shape = shapeOf(definition);
  const validator = validators[definition.slice(definition.lastIndexOf('.') + 1)];
  if (!validator) throw new Error(`openapi/generated/validators.js has no validator for ${definition}`);
  return {
    definition,
    shape,
    validate: (object) => {
      const crowded = crowdError(object, shape);
      if (crowded !== undefined) return [crowded];
      const faults = validator(object) ? [] : fieldErrorsOf(validator.errors ?? [], object, shape);
      return [...faults, ...valueErrors(object, shape)];
    },
    default: (object) => {
      applyDefaults(object, shape, 'stored');
      computedDefaults[definition]?.(object);
    },
    unknownFields: (object) => unknownFields(object, shape),
    prune: (object) => prune(object, shape),
  };
}
