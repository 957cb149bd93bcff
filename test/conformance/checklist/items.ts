import { access } from './access.ts';
import { content } from './content.ts';
import { controllers } from './controllers.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { errors } from './errors.ts';
import { health } from './health.ts';
import type { Item } from './item.ts';
import { objects } from './objects.ts';
import { openapi } from './openapi.ts';
import { patches } from './patches.ts';
import { subresources } from './subresources.ts';
import { watch } from './watch.ts';

/** The whole checklist, in the order of its sections. */
export const items: ReadonlyMap<string, Item> = new Map(
  [
    discovery,
    openapi,
    content,
    objects,
    patches,
    deletion,
    watch,
    access,
    subresources,
    errors,
    controllers,
    health,
  ].flatMap((section) => Object.entries(section)),
);
