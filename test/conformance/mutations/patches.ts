import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const patches: readonly Mutation[] = [
  {
    ids: ['P2'],
    off: 'strategic merge patches of our kinds are taken',
    file: 'apiserver/registry/patch-types.ts',
    from: 'return definition.strategicMerge === true',
    to: 'return definition.strategicMerge !== false',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
];
