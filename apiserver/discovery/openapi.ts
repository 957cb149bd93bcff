import { createHash } from 'node:crypto';
import { openApiV2 } from '../../openapi/assemble/v2.ts';
import { openApiV2Protobuf } from '../../openapi/assemble/v2-protobuf.ts';
import { openApiV3 } from '../../openapi/assemble/v3.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { Documents } from '../serving/documents.ts';
import { type Encoded, encode, encodeBytes, sendEncoded } from './encoded.ts';
import { type OpenApiV2Form, openApiV2Form, openApiV2ProtobufType } from './negotiate.ts';
import { publishedResources } from './published.ts';

const yearMs = 365 * 86_400_000;

/**
 * /openapi/v2, /openapi/v3 and the documents of each group version, assembled and encoded at their first use: most
 * servers are never asked for all of them, and they take memory.
 *
 * A hash in the query that is not the current one is answered with the current document (upstream redirects, which the
 * aggregator refuses), only without the promise that it never changes.
 */
export function openApiDocuments(definitions: readonly ResourceDefinition[], version: string): Documents {
  const published = publishedResources(definitions);
  const options = { version };
  const once = <T>(make: () => T): (() => T) => {
    let value: T | undefined;
    return () => (value ??= make());
  };
  const v2: Record<OpenApiV2Form, () => Encoded> = {
    json: once(() => encode(openApiV2(published, options))),
    protobuf: once(() => encodeBytes(openApiV2Protobuf(openApiV2(published, options)), openApiV2ProtobufType)),
  };
  const v3 = once(() => new Map([...openApiV3(published, options)].map(([key, document]) => [key, encode(document)])));
  const index = once(() => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [key, document] of v3())
      paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hashOf(document)}` };
    return encode({ paths });
  });
  return {
    '/openapi/v2': async (context) => {
      const form = openApiV2Form(context.req.headers.accept);
      await sendEncoded(context, v2[form](), { cacheControl: 'no-cache, private' });
    },
    // Where clients of 1.20 ask next when /openapi/v2 is refused to them.
    '/swagger-2.0.0.pb-v1': (context) => sendEncoded(context, v2.protobuf(), { cacheControl: 'no-cache, private' }),
    '/openapi/v3': (context) => sendEncoded(context, index(), { cacheControl: 'no-cache, private' }),
    '/openapi/v3/': async (context) => {
      const document = v3().get(context.info.path.replace(/^\/openapi\/v3\//, '').replace(/\/$/, ''));
      if (document === undefined) throw errors.unknownResource();
      onlyJson(context.req.headers.accept);
      const immutable = context.info.query.get('hash') === hashOf(document);
      await sendEncoded(
        context,
        document,
        immutable
          ? { cacheControl: 'public, immutable', expires: new Date(Date.now() + yearMs) }
          : { cacheControl: 'no-cache, private' },
      );
    },
  };
}

function hashOf(document: Encoded): string {
  return createHash('sha256').update(document.etag).digest('hex').slice(0, 32).toUpperCase();
}

/** Version 3 has no protobuf form here: every client that knows version 3 takes JSON. */
function onlyJson(accept: string | undefined): void {
  const types = (accept ?? '').split(',').map((clause) => clause.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  if (accept === undefined || accept.trim() === '') return;
  if (!types.some((type) => type === 'application/json' || type === '*/*' || type === 'application/*')) {
    throw errors.notAcceptable(['application/json']);
  }
}
