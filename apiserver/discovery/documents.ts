import { stringify } from 'yaml';
import type { Destination } from '../edge/chain.ts';
import { send } from '../edge/respond.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { Documents } from '../serving/documents.ts';
import { type AggregatedVersion, aggregatedDiscovery } from './aggregated.ts';
import { type Encoded, encode, sendEncoded } from './encoded.ts';
import { groupsOf, type ServedGroup } from './groups.ts';
import { aggregatedMediaType, discoveryForm, type PlainMedia, plainForm } from './negotiate.ts';
import { apiResources } from './resource-list.ts';

/**
 * The discovery documents, all encoded beforehand: they are served at once and also when the store is down, because one
 * group that does not answer keeps every namespace of a cluster from being deleted.
 *
 * @param server host:port that clients of the core group are told, for /api.
 */
export function discoveryDocuments(definitions: readonly ResourceDefinition[], server: string): Documents {
  const groups = groupsOf(definitions);
  const core = groups.filter(({ name }) => name === '');
  const named = groups.filter(({ name }) => name !== '');
  const documents: Record<string, Destination> = {};
  const plain = (value: unknown): Destination => {
    const answer = plainAnswer(value);
    return async (context) => answer(context, plainForm(context.req.headers.accept));
  };
  for (const group of groups) {
    for (const { version, definitions: members } of group.versions) {
      const path = group.name === '' ? `/api/${version}` : `/apis/${group.name}/${version}`;
      const groupVersion = group.name === '' ? version : `${group.name}/${version}`;
      documents[path] = plain({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion,
        resources: members.flatMap(apiResources),
      });
    }
    if (group.name !== '')
      documents[`/apis/${group.name}`] = plain({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) });
  }
  documents['/apis'] = root({ kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(apiGroup) }, named);
  // Without core kinds /api is 404, which every client takes for "there are none".
  if (core.length > 0) {
    documents['/api'] = root(
      {
        kind: 'APIVersions',
        versions: core.flatMap(({ versions }) => versions.map(({ version }) => version)),
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: server }],
      },
      core,
    );
  }
  return documents;
}

/** A root document in three forms: as it always was, and aggregated in two versions. */
function root(value: unknown, groups: readonly ServedGroup[]): Destination {
  const plain = plainAnswer(value);
  const aggregated = (version: AggregatedVersion): Encoded =>
    encode(aggregatedDiscovery(groups, version), aggregatedMediaType(version));
  const forms = { v2: aggregated('v2'), v2beta1: aggregated('v2beta1') };
  return async (context) => {
    const form = discoveryForm(context.req.headers.accept);
    switch (form.kind) {
      case 'plain':
        context.res.setHeader('Vary', 'Accept');
        return plain(context, form.media);
      case 'aggregated':
        return sendEncoded(context, forms[form.version], { cacheControl: 'public' });
      default:
        return form satisfies never;
    }
  };
}

/** The documents without aggregation have no ETag, as clients know them. */
function plainAnswer(value: unknown): (context: RequestContext, media: PlainMedia) => Promise<void> {
  const json = Buffer.from(JSON.stringify(value));
  let yaml: Buffer | undefined;
  return (context, media) => {
    if (media === 'application/json') return send(context, 200, json);
    yaml ??= Buffer.from(stringify(value));
    return send(context, 200, yaml, media);
  };
}

function apiGroup(group: ServedGroup) {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}
