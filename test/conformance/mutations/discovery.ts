import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const discovery: readonly Mutation[] = [
  {
    ids: ['D20'],
    off: 'who has the document already gets it again instead of 304',
    file: 'apiserver/discovery/encoded.ts',
    from: "if (matches(req.headers['if-none-match'], document.etag)) {",
    to: 'if (matches(undefined, document.etag)) {',
    tests: ['test/conformance/discovery.test.ts'],
  },
  {
    ids: ['D21'],
    off: 'the aggregated document does not say its type',
    file: 'apiserver/discovery/documents.ts',
    from: 'encode(aggregatedDiscovery(groups, version), aggregatedMediaType(version))',
    to: "encode(aggregatedDiscovery(groups, version), 'application/json')",
    tests: ['test/conformance/discovery.test.ts'],
  },
  {
    ids: ['D14'],
    off: 'streams are discovered with a verb that no rule can name',
    file: 'apiserver/discovery/resource-list.ts',
    from: "return { kind: own, verbs: ['create', 'get'] };",
    to: "return { kind: own, verbs: ['connect'] };",
    tests: ['test/conformance/discovery.test.ts'],
  },
];
