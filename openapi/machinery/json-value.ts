/** Plain JSON data, and the few things that patches and readers all need of it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Sets a member whose name comes from outside. `__proto__` is a name like any other in JSON (a key of a ConfigMap, say),
 * but plain assignment to it would change the object's prototype and lose the value.
 */
export function putMember(object: JsonObject, name: string, value: JsonValue): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** An object's own member: nothing that every object inherits is data. */
export function ownMember(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A deep copy of plain JSON data; several times faster than structuredClone, which knows more kinds of things. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  const source = value as JsonObject;
  const copy: JsonObject = {};
  for (const key of Object.keys(source)) putMember(copy, key, cloneJson(source[key] as JsonValue));
  return copy as T;
}

/** Equal as JSON: the order of keys does not matter, the order of items does. */
export function equalJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index] ?? null));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] ?? null, b[key] ?? null))
  );
}
