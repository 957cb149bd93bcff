import type { KubernetesObject, Status } from '../../openapi/machinery/object.ts';
import { yamlOf } from '../../openapi/machinery/yaml-text.ts';
import { send } from '../edge/respond.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import type { AnswerForm } from './negotiate.ts';
import { partialObject, tableHead, tableRow } from './views.ts';

/** One object as the client wants it. Bytes go out as they are kept wherever no view is asked for. */
export interface ServedObject {
  readonly bytes?: Buffer;
  object(): KubernetesObject;
}

export function servedObject(object: KubernetesObject): ServedObject {
  return { object: () => object };
}

export async function answerObject(
  context: RequestContext,
  code: number,
  form: AnswerForm,
  definition: ResourceDefinition,
  served: ServedObject,
): Promise<void> {
  if (form.media === 'application/json' && form.view.kind === 'object' && served.bytes !== undefined) {
    return send(context, code, served.bytes);
  }
  const value = viewed(form, definition, served.object());
  if (form.media === 'application/yaml') {
    return send(context, code, Buffer.from(yamlOf(JSON.parse(value))), 'application/yaml');
  }
  return send(context, code, Buffer.from(value));
}

/** A Status has no views: it passes as it is, in JSON or YAML. */
export function answerStatus(context: RequestContext, form: AnswerForm, status: Status): Promise<void> {
  const text = form.media === 'application/yaml' ? yamlOf(status) : JSON.stringify(status);
  return send(context, 200, Buffer.from(text), form.media);
}

/** JSON text of the view. */
function viewed(form: AnswerForm, definition: ResourceDefinition, object: KubernetesObject): string {
  const { view } = form;
  switch (view.kind) {
    case 'object':
      return JSON.stringify(object);
    case 'partial':
      return JSON.stringify(partialObject(object, view.version));
    case 'table': {
      const { resourceVersion = '' } = object.metadata;
      const row = tableRow(definition, object, view.version, view.rows, new Date());
      return `${tableHead(view.version, { resourceVersion }, definition.table.columns)}${JSON.stringify(row)}]}`;
    }
    default:
      return view satisfies never;
  }
}
