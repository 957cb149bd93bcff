import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Codec } from '../../storage/cache/cache.ts';
import { servedBytes } from './codec.ts';
import type { Summary } from './core.ts';
import type { Foreseen } from './foreseen.ts';
import { placeOf, prefixOf } from './keys.ts';
import type { ResourceDefinition } from './resource.ts';

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** How the watch cache keeps our objects: as served bytes, with labels and selectable fields beside them. */
export function createCacheCodec(
  definitions: readonly ResourceDefinition[],
  foreseen?: Foreseen,
): Codec<KubernetesObject, Summary> {
  const byPrefix = new Map(definitions.map((definition) => [prefixOf(definition), definition] as const));
  return {
    admit(entry) {
      const definition = byPrefix.get(prefixOfKey(entry.key));
      if (definition === undefined) return undefined;
      const summary = foreseen?.take(entry.key, entry.value) ?? summaryOf(definition, parsed(entry.value), entry.key);
      return { bytes: servedBytes(entry.value, entry.revision), summary };
    },
    parse: parsed,
  };
}

const parsed = (bytes: Buffer) => JSON.parse(bytes.toString('utf8')) as KubernetesObject;

export function summaryOf(definition: ResourceDefinition, object: KubernetesObject, key: string): Summary {
  const { namespace, name } = placeOf(definition, key);
  const fields: Record<string, string> = { 'metadata.name': name };
  if (definition.namespaced) fields['metadata.namespace'] = namespace;
  for (const [path, read] of Object.entries(definition.strategy.selectableFields ?? {})) fields[path] = read(object);
  return { labels: object.metadata.labels ?? NO_LABELS, fields };
}

/** /registry/<group>/<resource>/ of a key; '' when it is none of ours. */
function prefixOfKey(key: string): string {
  const group = key.indexOf('/', '/registry/'.length);
  const resource = group < 0 ? -1 : key.indexOf('/', group + 1);
  return resource < 0 ? '' : key.slice(0, resource + 1);
}
