import type { KubernetesObject } from '../../openapi/machinery/object.ts';

/**
 * Stored bytes and served bytes of an object.
 *
 * C1  Stored bytes begin with apiVersion, kind and metadata, in this order, and hold no resourceVersion: it is the
 *     revision of the write, known only afterwards.
 * C2  Served bytes are the stored bytes with `"resourceVersion":"N",` put at one known place; no parsing is needed.
 */

/** C1. The given object is not changed. */
export function encodeObject(object: KubernetesObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _unstored, ...meta } = metadata;
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: meta, ...rest }));
}

/** A parsed copy that the caller owns. */
export function decodeObject(value: Buffer, revision: bigint): KubernetesObject {
  const object = JSON.parse(value.toString('utf8')) as KubernetesObject;
  object.metadata = { ...object.metadata, resourceVersion: String(revision) };
  return object;
}

const METADATA = Buffer.from('"metadata":{');

/** C2: the three parts whose concatenation is the object with its resourceVersion. Nothing is copied. */
export function servedParts(value: Buffer, revision: bigint): readonly [Buffer, Buffer, Buffer] {
  // apiVersion and kind contain no braces, so the first match is the object's own metadata (C1).
  const at = value.indexOf(METADATA);
  if (at < 0) throw new Error('a stored object has no metadata');
  const split = at + METADATA.length;
  const follows = value[split] === 0x7d ? '' : ',';
  return [value.subarray(0, split), Buffer.from(`"resourceVersion":"${revision}"${follows}`), value.subarray(split)];
}

/** In memory of its own, as it may be kept for long: a part of node's shared pool would keep all of its neighbours. */
export function servedBytes(value: Buffer, revision: bigint): Buffer {
  const parts = servedParts(value, revision);
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(whole, at);
  return whole;
}

const VERSIONED = Buffer.from('"metadata":{"resourceVersion":"');

/** Served bytes that carry another revision: the last state of an object with the revision that removed it. */
export function withRevision(served: Buffer, revision: bigint): Buffer {
  const at = served.indexOf(VERSIONED);
  if (at < 0) throw new Error('served bytes have no resourceVersion where it belongs');
  const start = at + VERSIONED.length;
  const end = served.indexOf(0x22, start);
  return Buffer.concat([served.subarray(0, start), Buffer.from(String(revision)), served.subarray(end)]);
}
