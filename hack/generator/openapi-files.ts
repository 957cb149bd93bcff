import { publishedResources } from '../../apiserver/discovery/published.ts';
import { openApiV2 } from '../../openapi/assemble/v2.ts';
import { openApiV3 } from '../../openapi/assemble/v3.ts';
import { describedResources } from './described-resources.ts';

/** In the files, where the served documents name the version of their server. */
export const UNVERSIONED = 'unversioned';

/**
 * The documents that an embedded server serves, for makers of clients: `v2.json`, and `v3/<key>.json` for each group
 * version by its key in /openapi/v3. They are assembled from openapi/generated/documents.json, so this module may be
 * loaded only when that is fresh.
 */
export function openApiFiles(): ReadonlyMap<string, string> {
  const published = publishedResources(describedResources(true));
  const options = { version: UNVERSIONED };
  const files = new Map([['v2.json', text(openApiV2(published, options))]]);
  for (const [key, document] of openApiV3(published, options)) files.set(`v3/${key}.json`, text(document));
  return files;
}

const text = (document: object) => `${JSON.stringify(document, null, 1)}\n`;
