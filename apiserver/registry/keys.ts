/**
 * Where objects stand in the store: /registry/<group>/<resource>/[<namespace>/]<name>, the core group as `core`.
 * Names are checked here too: a key is the last border between namespaces.
 */
export interface Placed {
  readonly group: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The prefix of all objects of a resource, or of those in one namespace. */
export function prefixOf(resource: Placed, namespace = ''): string {
  const root = `/registry/${resource.group === '' ? 'core' : resource.group}/${resource.plural}/`;
  if (!resource.namespaced || namespace === '') return root;
  return `${root}${segment(namespace)}/`;
}

export function keyOf(resource: Placed, namespace: string, name: string): string {
  if (resource.namespaced && namespace === '') throw new Error(`a key of ${resource.plural} needs a namespace`);
  return prefixOf(resource, namespace) + segment(name);
}

/** The namespace and name that a key of the resource stands for. */
export function placeOf(resource: Placed, key: string): { readonly namespace: string; readonly name: string } {
  const rest = key.slice(prefixOf(resource).length);
  if (!resource.namespaced) return { namespace: '', name: rest };
  const slash = rest.indexOf('/');
  return { namespace: rest.slice(0, slash), name: rest.slice(slash + 1) };
}

/** True when a text can be one segment of a key; nothing else may be looked up or stored. */
export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && !text.includes('\0');
}

function segment(text: string): string {
  if (!isSegment(text)) throw new Error(`${JSON.stringify(text)} cannot be part of a key`);
  return text;
}
