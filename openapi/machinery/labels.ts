import { field, fieldErrorText } from './field-error.ts';
import { type LabelOperator, type LabelRequirement, parseSelectorText, SelectorError } from './label-grammar.ts';
import { labelValueErrors, qualifiedNameErrors } from './names.ts';

export { type LabelOperator, type LabelRequirement, SelectorError } from './label-grammar.ts';

/** Label selectors in both forms: the text of ?labelSelector= and the LabelSelector object of a spec. */

/** All must hold. An empty list matches everything. */
export type LabelSelectorRequirements = readonly LabelRequirement[];

/** The object form (metav1.LabelSelector). */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export type Labels = Readonly<Record<string, string>>;

/** Reads `a=b,c!=d,e in (f,g),h,!i,j>3`. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelSelectorRequirements {
  return parseSelectorText(text).map(checked);
}

const integer = /^[+-]?[0-9]+$/;

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const wrong = [
    ...qualifiedNameErrors(key).map((message) => field.invalid('key', key, message)),
    ...countErrors(operator, values),
    ...values.flatMap((value, index) =>
      labelValueErrors(value).map((message) => field.invalid(`values[${index}][${key}]`, value, message)),
    ),
  ];
  if (wrong.length === 0) return requirement;
  const texts = wrong.map(fieldErrorText);
  throw new SelectorError(`unable to parse requirement: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`);
}

function countErrors(operator: LabelOperator, values: readonly string[]) {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0
        ? [field.invalid('values', values, "for 'in', 'notin' operators, values set can't be empty")]
        : [];
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0
        ? [field.invalid('values', values, 'values set must be empty for exists and does not exist')]
        : [];
    case 'GreaterThan':
    case 'LessThan':
      if (values.length !== 1) {
        return [field.invalid('values', values, "for 'Gt', 'Lt' operators, exactly one value is required")];
      }
      return integer.test(values[0] ?? '')
        ? []
        : [field.invalid('values[0]', values[0], "for 'Gt', 'Lt' operators, the value must be an integer")];
    default:
      return unreachable(operator);
  }
}

/** The object form as requirements. undefined selects nothing, `{}` everything; throws SelectorError. */
export function labelSelectorRequirements(selector: LabelSelector | undefined): LabelSelectorRequirements | undefined {
  if (!selector) return undefined;
  const list: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    }
    list.push({ key, operator, values });
  }
  return list.map(checked);
}

/** `requirements` undefined (a null selector) matches nothing. */
export function matchesLabels(
  requirements: LabelSelectorRequirements | undefined,
  labels: Labels | undefined,
): boolean {
  if (!requirements) return false;
  return requirements.every((requirement) => matchesRequirement(requirement, labels ?? {}));
}

/** The same question for many objects: values are looked up instead of walked through. */
export function labelMatcher(requirements: LabelSelectorRequirements): (labels: Labels) => boolean {
  const prepared = requirements.map((one) => [one, new Set(one.values)] as const);
  return (labels) => prepared.every(([requirement, values]) => matchesRequirement(requirement, labels, values));
}

function matchesRequirement(
  { key, operator, values }: LabelRequirement,
  labels: Labels,
  set: { has(value: string): boolean } = { has: (value) => values.includes(value) },
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && set.has(value);
    case 'NotIn':
      return value === undefined || !set.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'GreaterThan':
    case 'LessThan': {
      if (value === undefined || !integer.test(value)) return false;
      const actual = BigInt(value.replace('+', ''));
      const bound = BigInt((values[0] ?? '0').replace('+', ''));
      return operator === 'GreaterThan' ? actual > bound : actual < bound;
    }
    default:
      return unreachable(operator);
  }
}

/** The text form, with keys in order; what a client sends and what scale.status.selector holds. */
export function formatLabelSelector(requirements: LabelSelectorRequirements): string {
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, operator, values }) => {
      const sorted = [...values].sort();
      switch (operator) {
        case 'In':
          return sorted.length === 1 ? `${key}=${sorted[0]}` : `${key} in (${sorted.join(',')})`;
        case 'NotIn':
          return sorted.length === 1 ? `${key}!=${sorted[0]}` : `${key} notin (${sorted.join(',')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
        case 'GreaterThan':
          return `${key}>${sorted[0]}`;
        case 'LessThan':
          return `${key}<${sorted[0]}`;
        default:
          return unreachable(operator);
      }
    })
    .join(',');
}

function unreachable(value: never): never {
  throw new Error(`unknown operator ${String(value)}`);
}
