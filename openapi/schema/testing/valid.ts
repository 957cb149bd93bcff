import fc from 'fast-check';
import { definitionNameOf, definitions, type JsonSchema } from '../definitions.ts';

/** For property tests: objects that a definition of the documents allows, as a client may send them. */
export function validObject(definition: string): fc.Arbitrary<unknown> {
  return validDefinition(definition).map((value) => JSON.parse(JSON.stringify(value)));
}

const made = new Map<string, fc.Arbitrary<unknown>>();

/** No definition refers to itself, so each is made once. */
function validDefinition(name: string): fc.Arbitrary<unknown> {
  const known = made.get(name);
  if (known) return known;
  const schema = definitions[name];
  if (!schema) throw new Error(`no definition ${name}`);
  const arbitrary = validOf(schema);
  made.set(name, arbitrary);
  return arbitrary;
}

function validOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const target = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (target) return validDefinition(definitionNameOf(target));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema['x-kubernetes-preserve-unknown-fields']) return fc.constant({ any: 'thing' });
  if (schema.format === 'quantity') return fc.constantFrom('512Mi', '2', '1500m', 3, '0', '-1Gi');
  if (schema['x-kubernetes-int-or-string']) return fc.constantFrom(80, 'http', 0);
  if (schema.additionalProperties) {
    return fc.dictionary(fc.constantFrom('cpu', 'memory', 'app'), validOf(schema.additionalProperties), { maxKeys: 2 });
  }
  switch (schema.type) {
    case 'object':
      return validFields(schema);
    case 'array':
      return validList(schema);
    case 'integer': {
      const { minimum = -100, maximum = 70_000 } = schema;
      return fc.integer({ min: minimum, max: maximum });
    }
    case 'number':
      return fc.integer();
    case 'boolean':
      return fc.boolean();
    default:
      return validText(schema);
  }
}

function validFields({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, validOf(child)]));
  return fc.record(model, { requiredKeys: [...required] });
}

function validList(schema: JsonSchema): fc.Arbitrary<unknown> {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const defaults = schema.items ?? {};
  const identity = (item: unknown) => {
    if (keys.length === 0) return JSON.stringify(item);
    const record = item as Record<string, unknown>;
    // An absent key stands for its default, which another item may spell out.
    const target = definitions[definitionNameOf(defaults.$ref ?? '')];
    return JSON.stringify(keys.map((key) => record[key] ?? target?.properties?.[key]?.default));
  };
  const minLength = 'minItems' in schema ? Number(schema.minItems) : 0;
  return fc.uniqueArray(validOf(schema.items ?? {}), { selector: identity, minLength, maxLength: 2 });
}

function validText(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.format === 'date-time') return fc.constant('2026-03-01T12:00:00Z');
  if (schema.format === 'byte') return fc.constant('aGVsbG8=');
  if (schema.format === 'duration') return fc.constantFrom('5m', '100ms');
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern), { size: 'xsmall' });
  return fc.constantFrom('a', 'default', 'root', 'Not A Name', '/x', 'debian:12');
}
