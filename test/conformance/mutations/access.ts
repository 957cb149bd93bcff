import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const access: readonly Mutation[] = [
  {
    ids: ['A4'],
    off: 'a certificate of any authority makes its bearer a proxy that says who a user is',
    file: 'apiserver/access/authentication/front-proxy.ts',
    from: "if (verification.kind === 'untrusted') return { kind: 'refused', why: verification.why };",
    to: "if (verification.kind === 'untrusted') return fromHeaders(req, options);",
    tests: ['test/conformance/front-proxy.test.ts'],
  },
  {
    ids: ['A5'],
    off: 'keys of extra stay escaped',
    file: 'apiserver/access/authentication/front-proxy.ts',
    from: 'const decoded = unescaped(key.slice(prefix.length));',
    to: 'const decoded = key.slice(prefix.length);',
    tests: ['test/conformance/front-proxy.test.ts'],
  },
  {
    ids: ['A8'],
    off: 'a caller without groups, as the aggregator is, does not count as somebody',
    file: 'apiserver/access/authentication/union.ts',
    from: "return { ...user, groups: [...groups, 'system:authenticated'] };",
    to: 'return user;',
    tests: ['test/conformance/front-proxy.test.ts'],
  },
  {
    ids: ['A31'],
    off: 'objects are made in a namespace that is going',
    file: 'apiserver/registry/namespace-lifecycle.ts',
    from: "if (found.metadata.deletionTimestamp || status?.phase === 'Terminating') {",
    to: "if (status?.phase === 'Gone') {",
    tests: ['test/conformance/core-kinds.test.ts'],
  },
  {
    ids: ['A50'],
    off: 'requests above the limit are worked on like any other',
    file: 'apiserver/edge/in-flight.ts',
    from: 'if (this.#limits[pool] > 0 && this.#counts[pool] >= this.#limits[pool]) return undefined;',
    to: '',
    tests: ['test/conformance/errors.test.ts'],
  },
];
