import { cloneJson } from '../../openapi/machinery/json-value.ts';
import { yamlItemOf, yamlOf } from '../../openapi/machinery/yaml-text.ts';
import { startLongAnswer } from '../edge/long-answer.ts';
import { send } from '../edge/respond.ts';
import type { ObjectItem, ObjectPage } from '../registry/list.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { AnswerForm } from './negotiate.ts';
import { SliceWriter } from './slices.ts';
import { partialObject, tableHead, tableRow } from './views.ts';

/** Shorter lists are sent whole, with a length, indented or compressed as the client likes it. */
const WHOLE_BELOW = 256 * 1024;

/** The list in the form that the client wants: cached bytes one after another, never one great text. */
export async function answerList(
  context: RequestContext,
  form: AnswerForm,
  definition: ResourceDefinition,
  page: ObjectPage,
  live: boolean,
): Promise<void> {
  const { head, separator, tail, piece } = shapeOf(form, definition, page, live);
  const size = page.items.reduce((sum, item) => sum + item.bytes.length, 0);
  if (size < WHOLE_BELOW && context.req.method !== 'HEAD') {
    const pieces: Buffer[] = [head];
    page.items.forEach((item, index) => {
      if (index > 0) pieces.push(separator);
      pieces.push(piece(item));
    });
    pieces.push(tail);
    return send(context, 200, Buffer.concat(pieces), form.media);
  }
  const answer = startLongAnswer(context, 200, form.media);
  if (context.req.method === 'HEAD') return answer.end();
  const writer = new SliceWriter(answer.out, context.signal);
  await writer.write(head);
  for (const [index, item] of page.items.entries()) {
    if (index > 0) await writer.write(separator);
    await writer.write(piece(item));
  }
  await writer.write(tail);
  await writer.flush();
  return answer.end();
}

interface ListShape {
  readonly head: Buffer;
  readonly separator: Buffer;
  readonly tail: Buffer;
  piece(item: ObjectItem): Buffer;
}

function shapeOf(form: AnswerForm, definition: ResourceDefinition, page: ObjectPage, live: boolean): ListShape {
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continue === '' ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  const { view } = form;
  const now = new Date();
  const empty = page.items.length === 0;
  const decorated = (item: ObjectItem) => {
    if (definition.strategy.decorate === undefined) return item.object;
    const copy = cloneJson(item.object);
    definition.strategy.decorate(copy);
    return copy;
  };
  switch (view.kind) {
    case 'object': {
      const { kind, apiVersion } = listKind(definition);
      return json(form, empty, listHead(kind, apiVersion, metadata), (item) =>
        live ? Buffer.from(JSON.stringify(decorated(item))) : item.bytes,
      );
    }
    case 'partial':
      return json(form, empty, listHead('PartialObjectMetadataList', `meta.k8s.io/${view.version}`, metadata), (item) =>
        Buffer.from(JSON.stringify(partialObject(item.object, view.version))),
      );
    case 'table':
      return json(form, empty, tableHead(view.version, metadata, definition.table.columns), (item) =>
        Buffer.from(JSON.stringify(tableRow(definition, decorated(item), view.version, view.rows, now))),
      );
    default:
      return view satisfies never;
  }
}

function listKind(definition: ResourceDefinition): { kind: string; apiVersion: string } {
  const { group, version, listKind: kind } = definition;
  return { kind, apiVersion: group === '' ? version : `${group}/${version}` };
}

function listHead(kind: string, apiVersion: string, metadata: object): string {
  return `${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`;
}

function json(form: AnswerForm, empty: boolean, head: string, piece: (item: ObjectItem) => Buffer): ListShape {
  if (form.media === 'application/json') {
    return { head: Buffer.from(head), separator: Buffer.from(','), tail: Buffer.from(']}\n'), piece };
  }
  // In YAML the members before the items are the same ones, and each item becomes an entry of a block sequence.
  const { items, rows, ...before } = JSON.parse(`${head}]}`) as { items?: unknown[]; rows?: unknown[] };
  const member = items === undefined && rows !== undefined ? 'rows' : 'items';
  return {
    head: Buffer.from(`${yamlOf(before)}${member}:${empty ? ' []' : ''}\n`),
    separator: Buffer.alloc(0),
    tail: Buffer.alloc(0),
    piece: (item) => Buffer.from(yamlItemOf(JSON.parse(piece(item).toString('utf8')))),
  };
}
