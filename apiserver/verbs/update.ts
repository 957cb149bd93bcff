import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { WrittenPart } from '../registry/update.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { negotiate } from './negotiate.ts';
import { defaultValidation, writeOptions } from './options.ts';
import { alignName, alignNamespace, sentObject } from './sent-object.ts';
import { requireNamespace, type Target } from './target.ts';

/** PUT of an object or of its status. It never creates: what is missing is 404. */
export async function updateVerb(target: Target, context: RequestContext, part: WrittenPart): Promise<void> {
  requireNamespace(target);
  const { definition, schema, namespace, name } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const options = writeOptions(context, 'UpdateOptions', defaultValidation(definition.group, part));
  const sent = await sentObject({ ...definition, schema }, context, options);
  alignName(sent, name);
  alignNamespace(sent, definition.namespaced, namespace);
  const updated = await target.store.update(name, () => cloneJson(sent), part, context, {
    namespace,
    dryRun: options.dryRun,
    fieldManager: options.fieldManager,
  });
  return answerObject(context, 200, form, definition, servedObject(updated.object));
}
