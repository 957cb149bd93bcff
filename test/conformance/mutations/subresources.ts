import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const subresources: readonly Mutation[] = [
  {
    ids: ['U1'],
    off: 'an autoscaler does not learn by which labels it finds the replicas',
    file: 'apiserver/resources/scale.ts',
    from: 'selector: selectorOf(object)',
    to: "selector: ''",
    tests: ['test/conformance/scale.test.ts'],
  },
  {
    ids: ['U6'],
    off: 'an upgrade needs no right to create',
    file: 'apiserver/serving/api-server.ts',
    from: 'streamOf: writersOnly(resources, authorize, parts.streamOf),',
    to: 'streamOf: parts.streamOf,',
    tests: ['test/conformance/streams.test.ts'],
  },
];
