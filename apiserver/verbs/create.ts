import { errors } from '../../openapi/machinery/errors.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { negotiate } from './negotiate.ts';
import { defaultValidation, writeOptions } from './options.ts';
import { alignNamespace, sentObject } from './sent-object.ts';
import type { Target } from './target.ts';
import { waitFor, waitOptions } from './wait.ts';

/** POST to a collection: 201 and the object as it is stored. */
export async function createVerb(target: Target, context: RequestContext): Promise<void> {
  const { definition, namespace, schema } = target;
  const { answer } = definition.strategy;
  if (definition.namespaced && namespace === '') {
    throw errors.badRequest('an empty namespace may not be set during creation');
  }
  const form = negotiate(context.req, context.info.query, answer === undefined ? 'object' : 'plain');
  const options = writeOptions(context, 'CreateOptions', defaultValidation(definition.group));
  const waiting = waitOptions(definition, context.info.query);
  const object = await sentObject({ ...definition, schema }, context, options);
  alignNamespace(object, definition.namespaced, namespace);
  if (answer !== undefined) {
    // The status is the answer's: older kubectl send an empty one, without the lists that an answer must have.
    delete object.status;
    schema?.default(object);
    const problems = schema?.validate(object) ?? [];
    if (problems.length > 0) throw errors.invalid(definition, object.metadata.name ?? '', problems);
    return answerObject(context, 201, form, definition, servedObject(await answer(object, context)));
  }
  const created = await target.store.create(object, context, {
    namespace,
    dryRun: options.dryRun,
    fieldManager: options.fieldManager,
  });
  const { object: written, bytes } = created;
  const reached = options.dryRun ? written : await waitFor(target, context, waiting, written);
  const served = servedObject(reached);
  return answerObject(context, 201, form, definition, bytes && reached === written ? { ...served, bytes } : served);
}
