import { type JsonObject, type JsonValue, putMember } from '../../../openapi/machinery/json-value.ts';

/**
 * JSON as CEL sees it: whole numbers are int (BigInt here), all others double. That is how Kubernetes hands objects to
 * expressions, whatever their schema says.
 */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) putMember(copy, key, celValue(member) as JsonValue);
  }
  return copy;
}
