import { errors } from '../../openapi/machinery/errors.ts';
import {
  checkFieldSelector,
  type FieldSelector,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from '../../openapi/machinery/fields.ts';
import { SelectorError } from '../../openapi/machinery/label-grammar.ts';
import { type LabelSelectorRequirements, labelMatcher, parseLabelSelector } from '../../openapi/machinery/labels.ts';
import type { Summary } from './core.ts';
import type { ResourceDefinition } from './resource.ts';

/** Which objects of a collection a request means. */
export interface Selection {
  /** True when every object is meant; then no summary is looked at. */
  readonly everything: boolean;
  /** The one name that the field selector admits. */
  readonly name: string | undefined;
  matches(summary: Summary): boolean;
}

/** Longer selectors cost more than what they select. Kubernetes' only bound is that of the whole head of a request. */
const LONGEST = 64 * 1024;

/** From ?labelSelector= and ?fieldSelector=. @throws StatusError 400 for what cannot be parsed or is not selectable. */
export function selectionOf(definition: ResourceDefinition, query: URLSearchParams): Selection {
  let labels: LabelSelectorRequirements;
  let fields: FieldSelector;
  for (const name of ['labelSelector', 'fieldSelector']) {
    const { length } = query.get(name) ?? '';
    if (length > LONGEST) throw errors.badRequest(`the ${name} has ${length} characters; at most ${LONGEST} are read`);
  }
  try {
    labels = parseLabelSelector(query.get('labelSelector') ?? '');
    fields = parseFieldSelector(query.get('fieldSelector') ?? '');
    checkFieldSelector(fields, selectablePaths(definition));
  } catch (error) {
    if (error instanceof SelectorError) throw errors.badRequest(error.message);
    throw error;
  }
  const matchesLabels = labelMatcher(labels);
  return {
    everything: labels.length === 0 && fields.length === 0,
    name: requiredFieldValue(fields, 'metadata.name'),
    matches: (summary) => matchesLabels(summary.labels) && matchesFields(fields, (path) => summary.fields[path] ?? ''),
  };
}

export function selectablePaths(definition: ResourceDefinition): readonly string[] {
  return [
    'metadata.name',
    ...(definition.namespaced ? ['metadata.namespace'] : []),
    ...Object.keys(definition.strategy.selectableFields ?? {}),
  ];
}
