import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const controllers: readonly Mutation[] = [
  {
    ids: ['N8'],
    off: 'what a namespace left behind stands in the next one of its name',
    file: 'apiserver/admission/namespaces/orphaned-content.ts',
    from: 'const since = found === undefined ? Number.POSITIVE_INFINITY : renewed ? createdAt(found.metadata) : 0;',
    to: 'const since = found === undefined ? 0 : renewed ? 0 : -1;',
    tests: ['test/conformance/admission-namespaces.test.ts'],
  },
];
