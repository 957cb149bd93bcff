import type { Mutation } from '../../../hack/mutation/mutation.ts';
import { access } from './access.ts';
import { content } from './content.ts';
import { controllers } from './controllers.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { errors } from './errors.ts';
import { health } from './health.ts';
import { objects } from './objects.ts';
import { openapi } from './openapi.ts';
import { patches } from './patches.ts';
import { subresources } from './subresources.ts';
import { watch } from './watch.ts';

/** What hack/mutate switches off, one at a time. */
export const mutations: readonly Mutation[] = [
  ...discovery,
  ...openapi,
  ...content,
  ...objects,
  ...patches,
  ...deletion,
  ...watch,
  ...access,
  ...subresources,
  ...errors,
  ...controllers,
  ...health,
];
