import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const health: readonly Mutation[] = [
  {
    ids: ['H1'],
    off: 'a check cannot be left out',
    file: 'apiserver/serving/health.ts',
    from: "new Set(info.query.getAll('exclude'))",
    to: 'new Set<string>()',
    tests: ['test/conformance/health.test.ts'],
  },
];
