import { createHash } from 'node:crypto';
import { openApiV2 } from '../../openapi/assemble/v2.ts';
import { openApiV2ProtobufSteps } from '../../openapi/assemble/v2-protobuf.ts';
import { openApiV3Steps } from '../../openapi/assemble/v3.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { Documents } from '../serving/documents.ts';
import { type Encoded, encode, encodeBytes, sendEncoded } from './encoded.ts';
import { inSteps } from './in-steps.ts';
import { type OpenApiV2Form, openApiV2Form, openApiV2ProtobufType } from './negotiate.ts';
import { publishedResources } from './published.ts';

const yearMs = 365 * 86_400_000;

/**
 * /openapi/v2, /openapi/v3 and the documents of each group version, assembled and encoded at their first use: most
 * servers are never asked for all of them, and they take memory. That takes a while, and others get their turn in it.
 *
 * A hash in the query that is not the current one is answered with the current document (upstream redirects, which the
 * aggregator refuses), only without the promise that it never changes.
 */
export function openApiDocuments(definitions: readonly ResourceDefinition[], version: string): Documents {
  const published = publishedResources(definitions);
  const options = { version };
  const v2: Record<OpenApiV2Form, () => Promise<Encoded>> = {
    json: once(function* () {
      const document = openApiV2(published, options);
      yield;
      return encode(document);
    }),
    protobuf: once(function* () {
      const document = openApiV2(published, options);
      yield;
      return encodeBytes(yield* openApiV2ProtobufSteps(document), openApiV2ProtobufType);
    }),
  };
  const v3 = once(function* () {
    const documents = new Map<string, Encoded>();
    for (const [key, document] of openApiV3Steps(published, options)) {
      yield;
      documents.set(key, encode(document));
      yield;
    }
    return documents;
  });
  const index = async () => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [key, document] of await v3())
      paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hashOf(document)}` };
    return encode({ paths });
  };
  return {
    '/openapi/v2': async (context) => {
      const form = openApiV2Form(context.req.headers.accept);
      await sendEncoded(context, await v2[form](), { cacheControl: 'no-cache, private' });
    },
    // Where clients of 1.20 ask next when /openapi/v2 is refused to them.
    '/swagger-2.0.0.pb-v1': async (context) =>
      sendEncoded(context, await v2.protobuf(), { cacheControl: 'no-cache, private' }),
    '/openapi/v3': async (context) => {
      onlyJson(context.req.headers.accept);
      await sendEncoded(context, await index(), { cacheControl: 'no-cache, private' });
    },
    '/openapi/v3/': async (context) => {
      const documents = await v3();
      const document = documents.get(context.info.path.replace(/^\/openapi\/v3\//, '').replace(/\/$/, ''));
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

/** Does the work when it is first asked for; whoever asks meanwhile waits for the same. */
function once<T>(work: () => Iterator<void, T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= inSteps(work()));
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
