import type { Event } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { age } from '../../registry/age.ts';
import type { TableDefinition } from '../../registry/resource.ts';
import { coreDefinition } from '../core-definition.ts';

const eventOf = (object: KubernetesObject) => object as unknown as Event;

const involved = (member: keyof NonNullable<Event['involvedObject']>) => (object: KubernetesObject) =>
  String(eventOf(object).involvedObject?.[member] ?? '');

const table: TableDefinition = {
  columns: [
    { name: 'Last Seen', type: 'string', description: 'Time since it happened last.', priority: 0 },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', priority: 0 },
    { name: 'Reason', type: 'string', description: 'What happened in one word.', priority: 0 },
    { name: 'Object', type: 'string', description: 'What it happened to.', priority: 0 },
    { name: 'Message', type: 'string', description: 'What happened in a sentence.', priority: 0 },
    { name: 'Source', type: 'string', description: 'Who says so.', priority: 1 },
    { name: 'First Seen', type: 'string', description: 'Time since it happened first.', priority: 1 },
    { name: 'Count', type: 'integer', description: 'How often it happened.', priority: 1 },
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the event.', priority: 1 },
  ],
  cells(object, now) {
    const event = eventOf(object);
    const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? undefined;
    const kind = (event.involvedObject?.kind ?? '').toLowerCase();
    return [
      age(lastSeen(event) ?? first, now),
      event.type ?? '',
      event.reason ?? '',
      `${kind}/${event.involvedObject?.name ?? ''}`,
      (event.message ?? '').trim(),
      [event.source?.component ?? event.reportingComponent, event.source?.host].filter(Boolean).join(', '),
      age(first, now),
      event.count ?? event.series?.count ?? 1,
      event.metadata.name ?? '',
    ];
  },
};

/** When it happened last, undefined when the event does not say. */
export function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? undefined;
}

export const events = coreDefinition({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  strategy: {
    validate: (object) => namespaceErrors(eventOf(object)),
    selectableFields: {
      'involvedObject.kind': involved('kind'),
      'involvedObject.namespace': involved('namespace'),
      'involvedObject.name': involved('name'),
      'involvedObject.uid': involved('uid'),
      'involvedObject.apiVersion': involved('apiVersion'),
      'involvedObject.resourceVersion': involved('resourceVersion'),
      'involvedObject.fieldPath': involved('fieldPath'),
      reason: (object) => eventOf(object).reason ?? '',
      reportingComponent: (object) => eventOf(object).reportingComponent ?? '',
      source: (object) => eventOf(object).source?.component ?? eventOf(object).reportingComponent ?? '',
      type: (object) => eventOf(object).type ?? '',
    },
  },
  table,
});

/** Events stand in the namespace of their object, those of cluster-scoped ones in default. */
function namespaceErrors(event: Event): FieldError[] {
  const { namespace = '' } = event.metadata;
  const about = event.involvedObject?.namespace ?? '';
  if (about === namespace || (about === '' && (namespace === 'default' || namespace === 'kube-system'))) return [];
  return [field.invalid('involvedObject.namespace', about, 'does not match event.namespace')];
}
