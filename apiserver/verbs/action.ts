import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { requestHead } from '../admission/request.ts';
import { readBody } from '../edge/body.ts';
import type { Registry } from '../registry/registry.ts';
import type { ActionSubresource } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import { answerObject, servedObject } from './answer-object.ts';
import { mediaTypeOf, parseBody } from './body.ts';
import { decodeBody } from './decode.ts';
import { negotiate } from './negotiate.ts';
import { defaultValidation, writeOptions } from './options.ts';
import { requireNamespace, type Target } from './target.ts';
import { waitFor, waitOptions } from './wait.ts';

/** POST of an action. The body is optional; the answer is what the action says, usually the object. */
export async function actionVerb(
  target: Target,
  context: RequestContext,
  action: ActionSubresource,
  { schemaFor, admission }: Pick<Registry, 'schemaFor' | 'admission'>,
): Promise<void> {
  requireNamespace(target);
  const { definition, namespace, name } = target;
  const form = negotiate(context.req, context.info.query, 'object');
  const options = writeOptions(context, 'CreateOptions', defaultValidation(definition.group));
  const waiting = waitOptions(definition, context.info.query);
  const body = await sentBody();
  const item = await target.store.get(namespace, name, { kind: 'newest' });
  const admitted = await admittedBody(body);
  const answer = await action.run(cloneJson(item.object), admitted, context, options);
  const reached = options.dryRun ? answer.object : await waitFor(target, context, waiting, answer.object);
  return answerObject(context, answer.status, form, definition, servedObject(reached));

  async function sentBody(): Promise<KubernetesObject | undefined> {
    const parsed = await parseBody(await readBody(context), mediaTypeOf(context.req), context);
    if (parsed === undefined) return undefined;
    const { bodyGroup: group, bodyVersion: version, bodyKind: kind } = action;
    const schema = schemaFor(group, version, kind);
    return checked(decodeBody(parsed, { group, version, kind, schema }, options.fieldValidation, context.warnings));
  }

  function checked(decoded: KubernetesObject): KubernetesObject {
    const { bodyGroup: group, bodyVersion: version, bodyKind: kind } = action;
    const schema = schemaFor(group, version, kind);
    schema?.default(decoded);
    const problems = schema?.validate(decoded) ?? [];
    if (problems.length > 0) throw errors.invalid({ group, kind }, name, problems);
    return decoded;
  }

  /** An action is admitted as the create of its body, as a binding or an eviction of a pod is. */
  async function admittedBody(sent: KubernetesObject | undefined): Promise<KubernetesObject | undefined> {
    const { bodyGroup: group, bodyVersion: version, bodyKind: kind } = action;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const { dryRun } = options;
    const subresource = { kind: { group, version, kind }, subresource: action.name };
    const head = requestHead(definition, context, 'CREATE', { namespace, name, dryRun, ...subresource });
    const offered = sent ?? { apiVersion, kind, metadata: {} };
    const result = (await admission.mutate({ ...head, object: offered, old: undefined })) ?? offered;
    const object = result === offered ? offered : checked(cloneJson(result));
    await admission.validate({ ...head, object, old: undefined });
    return result === offered ? sent : object;
  }
}
