import { errors } from '../../openapi/machinery/errors.ts';
import type { AggregatedVersion } from './aggregated.ts';

export type DiscoveryForm =
  | { readonly kind: 'aggregated'; readonly version: AggregatedVersion }
  | { readonly kind: 'plain'; readonly media: PlainMedia };

export type PlainMedia = 'application/json' | 'application/yaml';

/** The media type of the aggregated document; clients compare its parameters. */
export function aggregatedMediaType(version: AggregatedVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

const plainTypes: readonly PlainMedia[] = ['application/json', 'application/yaml'];

const plainMedia: ReadonlyMap<string, PlainMedia> = new Map([
  ['application/json', 'application/json'],
  ['application/*', 'application/json'],
  ['*/*', 'application/json'],
  ['application/yaml', 'application/yaml'],
]);

/**
 * Form of a root: the first clause of the Accept header that we have, in the client's order. A clause for an aggregated
 * version that we do not have is skipped; parameters that we do not know (profile=nopeer) change nothing.
 *
 * @throws StatusError 406
 */
export function discoveryForm(accept: string | undefined): DiscoveryForm {
  for (const { type, parameters } of clausesOf(accept)) {
    const media = plainMedia.get(type);
    if (media === undefined) continue;
    const as = parameters.get('as');
    if (as === undefined) return { kind: 'plain', media };
    // The aggregated document is JSON and nothing else.
    if (media !== 'application/json') continue;
    const version = parameters.get('v');
    const ours = as === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io';
    if (ours && (version === 'v2' || version === 'v2beta1')) return { kind: 'aggregated', version };
  }
  throw errors.notAcceptable([...plainTypes, aggregatedMediaType('v2'), aggregatedMediaType('v2beta1')]);
}

/**
 * Form of a document that is never aggregated.
 *
 * @throws StatusError 406
 */
export function plainForm(accept: string | undefined): PlainMedia {
  for (const { type, parameters } of clausesOf(accept)) {
    const media = plainMedia.get(type);
    if (media !== undefined && !parameters.has('as')) return media;
  }
  throw errors.notAcceptable(plainTypes);
}

/** Form of /openapi/v2: JSON, or a message of gnostic's openapi.v2.Document. */
export type OpenApiV2Form = 'json' | 'protobuf';

/** What answers in protobuf are called: the older name has an @, which no parser of Content-Type takes. */
export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const openApiV2Forms: ReadonlyMap<string, OpenApiV2Form> = new Map([
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  [openApiV2ProtobufType, 'protobuf'],
  // What every kubectl and client-go asks for.
  ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'protobuf'],
]);

/**
 * The first clause that we have, in the client's order.
 *
 * @throws StatusError 406
 */
export function openApiV2Form(accept: string | undefined): OpenApiV2Form {
  for (const { type } of clausesOf(accept)) {
    const form = openApiV2Forms.get(type);
    if (form !== undefined) return form;
  }
  throw errors.notAcceptable(['application/json', openApiV2ProtobufType]);
}

/** The clauses by their quality, then in their order; whoever says nothing takes anything. */
function clausesOf(accept: string | undefined) {
  const text = (accept ?? '').trim() || '*/*';
  return text
    .slice(0, 8192)
    .split(',')
    .map((text) => {
      const [type = '', ...rest] = text.split(';').map((part) => part.trim());
      const parameters = new Map(
        rest.map((part): [string, string] => {
          const equals = part.indexOf('=');
          return equals < 0 ? [part, ''] : [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
        }),
      );
      const quality = Number(parameters.get('q') ?? '1');
      return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality);
}
