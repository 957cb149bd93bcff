import { parse } from 'yaml';
import { type GroupResources, levels, type Policy, type PolicyRule, stages } from './policy.ts';

/**
 * Reads a policy file (audit.k8s.io/v1, kind Policy). Nothing in it is guessed: a field that is not known, or a value that
 * means nothing, would leave requests out of the log that somebody relies on.
 *
 * @throws Error with all that is wrong, by the path of the field
 */
export function readPolicy(text: string, source: string): Policy {
  const wrong: string[] = [];
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Error(`the audit policy ${source} is not valid YAML: ${(error as Error).message}`);
  }
  const policy = object(document, '', wrong);
  if (policy.apiVersion !== 'audit.k8s.io/v1' || policy.kind !== 'Policy') {
    wrong.push(`it must be apiVersion audit.k8s.io/v1, kind Policy`);
  }
  known(policy, ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'], '', wrong);
  const rules = Array.isArray(policy.rules) ? policy.rules : [];
  if (rules.length === 0) wrong.push('rules: at least one is needed');
  const read: Policy = {
    rules: rules.map((rule, index) => readRule(rule, `rules[${index}]`, wrong)),
    ...stagesOf(policy, '', wrong),
    ...toggleOf(policy, '', wrong),
  };
  if (wrong.length > 0) throw new Error(`the audit policy ${source} is wrong: ${wrong.join('; ')}`);
  return read;
}

type Fields = Record<string, unknown>;

function readRule(value: unknown, path: string, wrong: string[]): PolicyRule {
  const rule = object(value, path, wrong);
  const names = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs'] as const;
  known(rule, ['level', 'resources', 'omitStages', 'omitManagedFields', ...names], path, wrong);
  const level = levels.find((one) => one === rule.level);
  if (level === undefined) wrong.push(`${path}.level: must be one of ${levels.join(', ')}`);
  const lists = Object.fromEntries(names.flatMap((name) => listOf(rule, name, path, wrong)));
  for (const [index, url] of (lists.nonResourceURLs ?? []).entries()) {
    if (url !== '*' && (!url.startsWith('/') || url.slice(0, -1).includes('*'))) {
      wrong.push(`${path}.nonResourceURLs[${index}]: must begin with / and may have a * at its end alone`);
    }
  }
  const resources = Array.isArray(rule.resources) ? rule.resources : [];
  if (rule.resources !== undefined && !Array.isArray(rule.resources)) wrong.push(`${path}.resources: must be a list`);
  if (lists.nonResourceURLs !== undefined && (resources.length > 0 || lists.namespaces !== undefined)) {
    wrong.push(`${path}.nonResourceURLs: cannot stand beside resources or namespaces`);
  }
  return {
    level: level ?? 'None',
    ...lists,
    ...(resources.length > 0
      ? { resources: resources.map((one, index) => readResources(one, `${path}.resources[${index}]`, wrong)) }
      : {}),
    ...stagesOf(rule, path, wrong),
    ...toggleOf(rule, path, wrong),
  };
}

function readResources(value: unknown, path: string, wrong: string[]): GroupResources {
  const fields = object(value, path, wrong);
  known(fields, ['group', 'resources', 'resourceNames'], path, wrong);
  const { group = '' } = fields;
  if (typeof group !== 'string' || group.includes('/')) wrong.push(`${path}.group: must be a group without a version`);
  const lists = Object.fromEntries(['resources', 'resourceNames'].flatMap((name) => listOf(fields, name, path, wrong)));
  if (lists.resourceNames !== undefined && lists.resources === undefined) {
    wrong.push(`${path}.resourceNames: needs resources beside it`);
  }
  return { group: String(group), ...lists };
}

function stagesOf(fields: Fields, path: string, wrong: string[]) {
  const list = listOf(fields, 'omitStages', path, wrong)[0]?.[1];
  if (list === undefined) return {};
  const found = list.map((name, index) => {
    const stage = stages.find((one) => one === name);
    if (stage === undefined) wrong.push(`${at(path, 'omitStages')}[${index}]: must be one of ${stages.join(', ')}`);
    return stage ?? 'Panic';
  });
  return { omitStages: found };
}

function toggleOf({ omitManagedFields: value }: Fields, path: string, wrong: string[]) {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'boolean') wrong.push(`${at(path, 'omitManagedFields')}: must be true or false`);
  return { omitManagedFields: value === true };
}

/** The entry of a list of texts, or none. */
function listOf(fields: Fields, name: string, path: string, wrong: string[]): [string, string[]][] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    wrong.push(`${at(path, name)}: must be a list of texts`);
    return [];
  }
  return value.length === 0 ? [] : [[name, value]];
}

function object(value: unknown, path: string, wrong: string[]): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  wrong.push(`${path === '' ? 'it' : path}: must be an object`);
  return {};
}

function known(fields: Fields, names: readonly string[], path: string, wrong: string[]): void {
  for (const name of Object.keys(fields)) if (!names.includes(name)) wrong.push(`${at(path, name)}: unknown field`);
}

const at = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
