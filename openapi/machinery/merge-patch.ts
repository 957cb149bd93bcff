import { cloneJson, isJsonObject, type JsonObject, type JsonValue, ownMember, putMember } from './json-value.ts';

/**
 * JSON Merge Patch (RFC 7386): null removes a member, objects merge, everything else replaces. Neither argument is
 * changed. Names such as `__proto__` and `constructor` are plain data.
 */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return cloneJson(patch);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else putMember(result, key, applyMergePatch(ownMember(result, key) ?? null, value));
  }
  return result;
}

/** The smallest merge patch that turns `from` into `to`; undefined when they are equal. Lists are replaced whole. */
export function createMergePatch(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) putMember(patch, key, null);
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = createMergePatch(before, value);
      if (inner) putMember(patch, key, inner);
    } else if (before === undefined || JSON.stringify(before) !== JSON.stringify(value)) {
      putMember(patch, key, value);
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}
