import type { Fault } from '../generated/validators.js';
import { type FieldError, field, MOST_FIELD_ERRORS } from '../machinery/errors.ts';
import { isJsonObject, type Shape } from './shape.ts';

/**
 * Faults of the compiled validators as Kubernetes words them (the texts of apiextensions-apiserver, which kubectl users
 * know from custom resources).
 */
export function fieldErrorsOf(faults: readonly Fault[], object: unknown, shape: Shape): FieldError[] {
  // One more than is told, so that it is seen that there are more.
  return faults.slice(0, MOST_FIELD_ERRORS + 1).flatMap((fault) => {
    const { path, value } = locate(fault.instancePath, object, shape);
    return fieldErrorOf(fault, path, value) ?? [];
  });
}

function fieldErrorOf({ keyword, params }: Fault, path: string, value: unknown): FieldError | undefined {
  const inBody = (rule: string) => field.invalid(path, value, `${path} in body should ${rule}`);
  switch (keyword) {
    case 'type': {
      const expected = [params.type].flat().join(',');
      const actual = typeName(value);
      return field.typeInvalid(path, actual, `${path} in body must be of type ${expected}: "${actual}"`);
    }
    case 'required':
      return field.required(path === '' ? `${params.missingProperty}` : `${path}.${params.missingProperty}`);
    case 'enum':
      return field.notSupported(path, value, (params.allowedValues as readonly unknown[]).map(String));
    case 'minimum':
      return inBody(`be greater than or equal to ${params.limit}`);
    case 'maximum':
      return inBody(`be less than or equal to ${params.limit}`);
    case 'pattern':
      return inBody(`match '${params.pattern}'`);
    case 'minLength':
      return inBody(`be at least ${params.limit} chars long`);
    case 'maxLength':
      return field.tooLong(path, value, Number(params.limit));
    case 'minItems':
      return inBody(`have at least ${params.limit} items`);
    case 'maxItems':
      return field.tooMany(path, Array.isArray(value) ? value.length : 0, Number(params.limit));
    case 'if':
      // Only says that one of the faults beside it happened under a nullable field.
      return undefined;
    default:
      throw new Error(`a compiled validator reports the keyword ${keyword}, which has no Kubernetes wording`);
  }
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** A JSON pointer as a Kubernetes path, with [0] for items and [key] for entries of maps, and the value there. */
function locate(pointer: string, object: unknown, root: Shape): { path: string; value: unknown } {
  let path = '';
  let value = object;
  let shape: Shape | undefined = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const part = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    if (shape?.kind === 'array' || shape?.kind === 'map') {
      path += `[${part}]`;
      shape = shape.kind === 'array' ? shape.items : shape.values;
    } else {
      path = path === '' ? part : `${path}.${part}`;
      shape = shape?.kind === 'object' ? shape.properties.get(part) : undefined;
    }
    value = Array.isArray(value) ? value[Number(part)] : isJsonObject(value) ? value[part] : undefined;
  }
  return { path, value };
}
