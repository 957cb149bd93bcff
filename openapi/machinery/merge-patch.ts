import { cloneJson, FORBIDDEN_KEY, isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';

/**
 * JSON Merge Patch (RFC 7386): null removes a member, objects merge, everything else replaces. Neither argument is
 * changed. A `__proto__` key is left out: it is no data of ours (the reader refuses it with an error before).
 */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return cloneJson(patch);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === FORBIDDEN_KEY) continue;
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(Object.hasOwn(result, key) ? (result[key] ?? null) : null, value);
  }
  return result;
}

/** The smallest merge patch that turns `from` into `to`; undefined when they are equal. Lists are replaced whole. */
export function createMergePatch(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = createMergePatch(before, value);
      if (inner) patch[key] = inner;
    } else if (before === undefined || JSON.stringify(before) !== JSON.stringify(value)) {
      patch[key] = value;
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}
