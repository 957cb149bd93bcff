import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const patches: readonly Mutation[] = [
  {
    ids: ['P2'],
    off: 'strategic merge patches of our kinds are taken',
    file: 'apiserver/registry/patch-types.ts',
    from: 'return definition.strategicMerge === true',
    to: 'return definition.strategicMerge !== false',
    tests: ['test/conformance/patches.test.ts'],
  },
  {
    ids: ['P25'],
    off: 'a newer time alone is a reason to write',
    file: 'apiserver/registry/compare.ts',
    from: 'managedFields: managedFields?.map(timeless)',
    to: 'managedFields',
    tests: ['test/conformance/managed-fields.test.ts'],
  },
  {
    ids: ['P26'],
    off: 'an apply takes away what others own, too',
    file: 'openapi/machinery/apply/apply.ts',
    from: 'const owned = others.reduce((set, entry) => union(set, fieldsOf(entry)), union(ALWAYS_THERE, wanted));',
    to: 'const owned = union(ALWAYS_THERE, wanted);',
    tests: ['test/conformance/apply.test.ts'],
  },
  {
    ids: ['P27'],
    off: 'an apply takes what others own without asking',
    file: 'openapi/machinery/apply/apply.ts',
    from: 'if (conflicts.length > 0 && !force) {',
    to: 'if (conflicts.length > 1_000 && !force) {',
    tests: ['test/conformance/apply.test.ts'],
  },
  {
    ids: ['P28'],
    off: 'entries that a client sends do not count',
    file: 'apiserver/registry/field-managers.ts',
    from: "if (subresource !== '' || sent === undefined || sameJson(sent, stored)) return stored;",
    to: 'return stored;',
    tests: ['test/conformance/managed-fields.test.ts'],
  },
  {
    ids: ['P29'],
    off: 'an apply creates without the right to create',
    file: 'apiserver/registry/apply.ts',
    from: 'await mayCreate();',
    to: '',
    tests: ['test/conformance/kubectl-apply.test.ts'],
  },
];
