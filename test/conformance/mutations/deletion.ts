import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const deletion: readonly Mutation[] = [
  {
    ids: ['X2'],
    off: 'a delete that means another object of the name deletes this one',
    file: 'apiserver/registry/delete.ts',
    from: 'if (uid !== undefined && uid !== meta.uid) {',
    to: 'if (uid !== undefined && uid === "") {',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['X3'],
    off: 'finalizers do not keep an object that is deleted',
    file: 'apiserver/registry/delete.ts',
    from: 'const held = finalizers.length > 0 ||',
    to: 'const held =',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['X10'],
    off: 'a deletion of a collection does not look at its selector',
    file: 'apiserver/verbs/deletecollection.ts',
    from: 'store.list(pageRequest(target, context.info.query))',
    to: 'store.list(pageRequest(target, new URLSearchParams()))',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
];
