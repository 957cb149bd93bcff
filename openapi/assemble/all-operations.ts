import { answerTypes, type Operation, operationsOf } from './operations.ts';
import { groupVersionPath, type PublishedResource } from './resource.ts';

const API_RESOURCE_LIST = 'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList';

/** Every operation of the resources, and for each group version the one that tells what is in it; sorted by path. */
export function allOperations(resources: readonly PublishedResource[]): readonly Operation[] {
  const discovery = new Map<string, Operation>();
  const found: Operation[] = [];
  for (const resource of resources) {
    const operations = operationsOf(resource);
    found.push(...operations);
    const path = `${groupVersionPath(resource)}/`;
    const tag = operations[0]?.tag;
    if (!discovery.has(path) && tag !== undefined) discovery.set(path, discoveryOperation(path, tag));
  }
  return [...discovery.values(), ...found].sort((a, b) => (a.path === b.path ? 0 : a.path < b.path ? -1 : 1));
}

/** Its path ends in a slash: the aggregator keeps only what is below the group version's. */
function discoveryOperation(path: string, tag: string): Operation {
  const name = tag.split('_').map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}`);
  return {
    path,
    method: 'get',
    id: `get${name.join('')}APIResources`,
    description: 'get available resources',
    tag,
    action: undefined,
    kind: undefined,
    pathParameters: [],
    query: [],
    body: undefined,
    answers: { 200: API_RESOURCE_LIST },
    produces: answerTypes,
  };
}
