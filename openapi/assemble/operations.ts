import { definitionOfKind, type GroupVersionKind } from '../schema/definitions.ts';
import { listDefinitionName } from './list-definitions.ts';
import { type Action, nameParameter, namespaceParameter, type Parameter, queryParameters } from './parameters.ts';
import { groupVersionPath, type PublishedResource, type PublishedSubresource } from './resource.ts';

/** One operation, before it is written as OpenAPI v2 or v3. */
export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly id: string;
  readonly description: string;
  /** Group of operations in generated clients. */
  readonly tag: string;
  /** Undefined for what is done with no kind: discovery. */
  readonly action: Action | undefined;
  readonly kind: GroupVersionKind | undefined;
  readonly pathParameters: readonly Parameter[];
  readonly query: readonly Parameter[];
  /** Definition of the body; undefined when there is none. */
  readonly body:
    | { readonly definition: string; readonly types: readonly string[]; readonly required: boolean }
    | undefined;
  /** Definitions by HTTP code; '' is text of no definition. */
  readonly answers: Readonly<Record<number, string>>;
  readonly produces: readonly string[];
}

const bodyTypes = ['application/json', 'application/yaml'];
export const answerTypes = ['application/json', 'application/yaml'];
const listTypes = [...answerTypes, 'application/json;stream=watch'];

/** Also what every operation answers that fails. */
export const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

/** Every operation of a resource, in a fixed order. Throws when the documents lack one of its kinds. */
export function operationsOf(resource: PublishedResource): Operation[] {
  const place = placeOf(resource);
  return [
    ...collectionOperations(resource, place),
    ...itemOperations(resource, itself(resource, place)),
    ...resource.subresources.flatMap((subresource) => subresourceOperations(resource, place, subresource)),
  ];
}

interface Place {
  readonly definition: string;
  readonly kind: GroupVersionKind;
  readonly collection: string;
  readonly everywhere: string | undefined;
  readonly scope: readonly Parameter[];
  readonly tag: string;
  /** Between verb and kind in operation ids: group and version. */
  readonly idPart: string;
  readonly scopePart: string;
}

function placeOf(resource: PublishedResource): Place {
  const { group, version, kind, plural, namespaced } = resource;
  const base = groupVersionPath(resource);
  const groupPart = group === '' ? 'Core' : camel(group.replace(/\.k8s\.io$/, ''));
  return {
    definition: definitionOf({ group, version, kind }),
    kind: { group, version, kind },
    collection: namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`,
    everywhere: namespaced ? `${base}/${plural}` : undefined,
    scope: namespaced ? [namespaceParameter] : [],
    tag: `${groupPart.charAt(0).toLowerCase()}${groupPart.slice(1)}_${version}`,
    idPart: `${groupPart}${camel(version)}`,
    scopePart: namespaced ? 'Namespaced' : '',
  };
}

const camel = (text: string) =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

function definitionOf(kind: GroupVersionKind): string {
  const found = definitionOfKind(kind);
  if (found) return found;
  throw new Error(`openapi/documents has no kind ${kind.kind} of ${kind.group || 'the core group'} ${kind.version}`);
}

function collectionOperations(resource: PublishedResource, place: Place): Operation[] {
  const { kind, verbs } = resource;
  const list = listDefinitionName(resource);
  const found: Operation[] = [];
  const base = { kind: place.kind, tag: place.tag, path: place.collection, pathParameters: place.scope };
  if (verbs.includes('list')) {
    const listing = {
      ...base,
      method: 'get',
      action: 'list',
      description: `list or watch objects of kind ${kind}`,
      query: queryParameters.list,
      body: undefined,
      answers: { 200: list },
      produces: listTypes,
    } as const;
    found.push({ ...listing, id: `list${place.idPart}${place.scopePart}${kind}` });
    if (place.everywhere) {
      const id = `list${place.idPart}${kind}ForAllNamespaces`;
      found.push({ ...listing, id, path: place.everywhere, pathParameters: [] });
    }
  }
  if (verbs.includes('create')) {
    found.push({
      ...base,
      method: 'post',
      action: 'post',
      id: `create${place.idPart}${place.scopePart}${kind}`,
      description: `create a ${kind}`,
      query: resource.waits ? queryParameters.waitingPost : queryParameters.post,
      body: { definition: place.definition, types: bodyTypes, required: true },
      answers: { 200: place.definition, 201: place.definition, 202: place.definition },
      produces: answerTypes,
    });
  }
  if (verbs.includes('deletecollection')) {
    found.push({
      ...base,
      method: 'delete',
      action: 'deletecollection',
      id: `delete${place.idPart}Collection${place.scopePart}${kind}`,
      description: `delete collection of ${kind}`,
      query: queryParameters.deletecollection,
      body: { definition: DELETE_OPTIONS, types: bodyTypes, required: false },
      answers: { 200: STATUS },
      produces: answerTypes,
    });
  }
  return found;
}

/** One object, or a part of it that is read and written by itself. */
interface ItemPart {
  readonly place: Place;
  /** '' is the object itself. */
  readonly subresource: string;
  readonly kind: GroupVersionKind;
  readonly definition: string;
  readonly verbs: readonly string[];
}

function itself({ verbs }: PublishedResource, place: Place): ItemPart {
  return { place, subresource: '', kind: place.kind, definition: place.definition, verbs };
}

/** get, put, patch and delete of the object, or get, put and patch of a part of it. */
function itemOperations(resource: PublishedResource, item: ItemPart): Operation[] {
  const { kind } = resource;
  const { place, subresource, definition, verbs } = item;
  const part = camel(subresource);
  const what = subresource === '' ? `the specified ${kind}` : `${subresource} of the specified ${kind}`;
  const base = {
    kind: item.kind,
    tag: place.tag,
    path: `${place.collection}/{name}${subresource === '' ? '' : `/${subresource}`}`,
    pathParameters: [...place.scope, nameParameter],
    produces: answerTypes,
  };
  const id = (verb: string) => `${verb}${place.idPart}${place.scopePart}${kind}${part}`;
  const written = { 200: definition, 201: definition };
  const found: Operation[] = [];
  if (verbs.includes('get')) {
    found.push({
      ...base,
      method: 'get',
      action: 'get',
      id: id('read'),
      description: `read ${what}`,
      query: queryParameters.get,
      body: undefined,
      answers: { 200: definition },
    });
  }
  if (verbs.includes('update')) {
    found.push({
      ...base,
      method: 'put',
      action: 'put',
      id: id('replace'),
      description: `replace ${what}`,
      query: queryParameters.put,
      body: { definition, types: bodyTypes, required: true },
      answers: written,
    });
  }
  if (verbs.includes('patch')) {
    found.push({
      ...base,
      method: 'patch',
      action: 'patch',
      id: id('patch'),
      description: `partially update ${what}`,
      query: queryParameters.patch,
      body: { definition: PATCH, types: resource.patchTypes, required: true },
      answers: written,
    });
  }
  if (verbs.includes('delete') && subresource === '') {
    found.push({
      ...base,
      method: 'delete',
      action: 'delete',
      id: id('delete'),
      description: `delete a ${kind}`,
      query: queryParameters.delete,
      body: { definition: DELETE_OPTIONS, types: bodyTypes, required: false },
      answers: { 200: STATUS, 202: STATUS },
    });
  }
  return found;
}

function subresourceOperations(
  resource: PublishedResource,
  place: Place,
  subresource: PublishedSubresource,
): Operation[] {
  const { kind } = resource;
  const { name } = subresource;
  const idPart = `${place.idPart}${place.scopePart}${kind}${camel(name)}`;
  const base = {
    tag: place.tag,
    path: `${place.collection}/{name}/${name}`,
    pathParameters: [...place.scope, nameParameter],
  };
  switch (subresource.kind) {
    case 'status':
      return itemOperations(resource, { ...itself(resource, place), subresource: 'status' });
    case 'view': {
      const view = {
        group: subresource.viewGroup,
        version: subresource.viewVersion,
        kind: subresource.viewKind,
      };
      const { verbs } = subresource;
      return itemOperations(resource, { place, subresource: name, kind: view, definition: definitionOf(view), verbs });
    }
    case 'action': {
      const body = {
        group: subresource.bodyGroup,
        version: subresource.bodyVersion,
        kind: subresource.bodyKind,
      };
      return [
        {
          ...base,
          kind: body,
          method: 'post',
          action: 'post',
          id: `create${idPart}`,
          description: `${name} the specified ${kind}`,
          query: resource.waits ? queryParameters.waitingPost : queryParameters.post,
          body: { definition: definitionOf(body), types: bodyTypes, required: false },
          answers: { 200: place.definition, 201: place.definition, 202: place.definition },
          produces: answerTypes,
        },
      ];
    }
    case 'read':
    case 'stream':
      return [
        {
          ...base,
          kind: place.kind,
          method: 'get',
          action: subresource.kind === 'read' ? 'get' : 'connect',
          id: `${subresource.kind === 'read' ? 'read' : 'connectGet'}${idPart}`,
          description:
            subresource.kind === 'read'
              ? `read ${name} of the specified ${kind}`
              : `connect to ${name} of the specified ${kind}`,
          query: [],
          body: undefined,
          answers: { 200: '' },
          produces: ['*/*'],
        },
      ];
    default:
      subresource satisfies never;
      return [];
  }
}
