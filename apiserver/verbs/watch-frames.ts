import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject, Status } from '../../openapi/machinery/object.ts';
import type { CacheEvent } from '../../storage/cache/cache.ts';
import { withRevision } from '../registry/codec.ts';
import type { Summary } from '../registry/core.ts';
import type { ObjectItem } from '../registry/list.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { View } from './negotiate.ts';
import { partialObject, tableHead, tableRow } from './views.ts';
import type { WatchSettings } from './watch-settings.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Turns events into lines: one JSON object and a line feed each. Frames of one form are made once for all watchers. */
export interface WatchFrames {
  /** An object of the state that the watch begins with. */
  initial(item: ObjectItem): Buffer;
  event(type: EventType, item: ObjectItem, event: CacheEvent<KubernetesObject, Summary>): Buffer;
  bookmark(revision: bigint, initialEventsEnd: boolean): Buffer;
}

/** `onEvent` is told of each event that goes out, also when its bytes were made before. */
export function createWatchFrames(
  definition: ResourceDefinition,
  view: View,
  onEvent: WatchSettings['onEvent'],
): WatchFrames {
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  // The columns stand only in the first table of a stream.
  let columnsSent = false;
  const bodyOf = (item: ObjectItem, served: Buffer, columns: boolean): Buffer => {
    if (view.kind === 'object') return served;
    const object = served === item.bytes ? item.object : (JSON.parse(served.toString('utf8')) as KubernetesObject);
    if (view.kind === 'partial') return Buffer.from(JSON.stringify(partialObject(object, view.version)));
    const { resourceVersion = '' } = object.metadata;
    const shown = decorated(definition, object);
    const row = tableRow(definition, shown, view.version, view.rows, new Date());
    const head = tableHead(view.version, { resourceVersion }, columns ? definition.table.columns : undefined);
    return Buffer.from(`${head}${JSON.stringify(row)}]}`);
  };
  const columnsNow = (): boolean => {
    const first = view.kind === 'table' && !columnsSent;
    columnsSent = true;
    return first;
  };
  const told = (bytes: Buffer): Buffer => {
    onEvent(definition, bytes.length);
    return bytes;
  };
  return {
    initial: (item) => told(frame('ADDED', bodyOf(item, item.bytes, columnsNow()))),
    event(type, item, event) {
      const columns = columnsNow();
      const form = `${type} ${formOf(view)}${columns ? ' columns' : ''}`;
      const bytes = event.encoded(form, () => {
        const served = type === 'DELETED' ? withRevision(item.bytes, event.revision) : item.bytes;
        return frame(type, bodyOf(item, served, columns));
      });
      return told(bytes);
    },
    bookmark(revision, initialEventsEnd) {
      const metadata = {
        resourceVersion: String(revision),
        creationTimestamp: null,
        ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      };
      const body =
        view.kind === 'object'
          ? JSON.stringify({ kind: definition.kind, apiVersion, metadata })
          : view.kind === 'partial'
            ? JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${view.version}`, metadata })
            : bookmarkTable(view, { kind: definition.kind, apiVersion, metadata }, columnsNow(), definition);
      return frame('BOOKMARK', Buffer.from(body));
    },
  };
}

/** The annotation stands on the row's object: a Table's own metadata has none. */
function bookmarkTable(
  view: Extract<View, { kind: 'table' }>,
  object: { kind: string; apiVersion: string; metadata: { resourceVersion: string; annotations?: object } },
  columns: boolean,
  definition: ResourceDefinition,
): string {
  const { resourceVersion, annotations } = object.metadata;
  const head = tableHead(view.version, { resourceVersion }, columns ? definition.table.columns : undefined);
  if (annotations === undefined) return `${head}]}`;
  const row = { cells: definition.table.columns.map(() => null), object };
  return `${head}${JSON.stringify(row)}]}`;
}

/** How a failure after the start of the stream is told: the status line has been sent. */
export function errorFrame(status: Status): Buffer {
  return frame('ERROR', Buffer.from(JSON.stringify(status)));
}

function frame(type: EventType | 'BOOKMARK' | 'ERROR', body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), body, Buffer.from('}\n')]);
}

function formOf(view: View): string {
  return view.kind === 'object'
    ? 'object'
    : `${view.kind} ${view.version} ${view.kind === 'table' ? view.rows : ''}`.trimEnd();
}

function decorated(definition: ResourceDefinition, object: KubernetesObject): KubernetesObject {
  if (definition.strategy.decorate === undefined) return object;
  const copy = cloneJson(object);
  definition.strategy.decorate(copy);
  return copy;
}
