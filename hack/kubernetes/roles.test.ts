import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { PolicyRule } from '../../apiserver/access/rbac/rules.ts';
import { defaultRoles } from '../../apiserver/resources/rbac/default-roles.ts';
import { sourceRoot } from '../embedded/settings.ts';

interface ClusterRole {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly rules: readonly PolicyRule[];
}

const shipped = parseAllDocuments(await readFile(path.join(sourceRoot, 'deploy/aggregated/roles.yaml'), 'utf8')).map(
  (document) => document.toJS() as ClusterRole,
);

/** Every right on kinds of torpor.dev as `verb resource`, sorted. */
function rights(rules: readonly PolicyRule[]): string[] {
  const ours = rules.filter(({ apiGroups }) => apiGroups?.includes('torpor.dev'));
  const all = ours.flatMap(({ resources = [], verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(all)].sort();
}

function shippedTo(role: string): PolicyRule[] {
  return shipped
    .filter(({ metadata }) => metadata.labels[`rbac.authorization.k8s.io/aggregate-to-${role}`] === 'true')
    .flatMap(({ rules }) => rules);
}

describe('roles for a cluster', () => {
  // In Kubernetes edit is made of view's rules too, and admin of edit's.
  const made = { view: ['view'], edit: ['view', 'edit'], admin: ['view', 'edit'] };
  for (const [role, parts] of Object.entries(made)) {
    it(`give ${role} the rights on machines that it has without a cluster`, () => {
      const embedded = defaultRoles.find(({ metadata }) => metadata.name === role);
      assert.deepEqual(rights(parts.flatMap(shippedTo)), rights(embedded?.rules ?? []));
    });
  }
});
