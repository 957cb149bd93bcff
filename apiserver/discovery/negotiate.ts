import { errors } from '../../openapi/machinery/errors.ts';
import type { AggregatedVersion } from './aggregated.ts';

export type DiscoveryForm =
  | { readonly kind: 'aggregated'; readonly version: AggregatedVersion }
  | { readonly kind: 'plain' };

/** The media type of the aggregated document; clients compare its parameters. */
export function aggregatedMediaType(version: AggregatedVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/**
 * The first clause of the Accept header that we have, in the client's order. A clause for an aggregated version that we
 * do not have is skipped; parameters that we do not know (profile=nopeer) change nothing.
 *
 * @throws StatusError 406
 */
export function discoveryForm(accept: string | undefined): DiscoveryForm {
  const text = (accept ?? '').trim();
  if (text === '') return { kind: 'plain' };
  for (const clause of byQuality(text)) {
    const { type, parameters } = clause;
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const as = parameters.get('as');
    if (as === undefined) return { kind: 'plain' };
    const version = parameters.get('v');
    const ours = as === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io';
    if (ours && (version === 'v2' || version === 'v2beta1')) return { kind: 'aggregated', version };
  }
  throw errors.notAcceptable(['application/json', aggregatedMediaType('v2'), aggregatedMediaType('v2beta1')]);
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
  const text = (accept ?? '').trim();
  if (text === '') return 'json';
  for (const { type } of byQuality(text)) {
    const form = openApiV2Forms.get(type);
    if (form !== undefined) return form;
  }
  throw errors.notAcceptable(['application/json', openApiV2ProtobufType]);
}

function byQuality(accept: string) {
  return accept
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
