import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const errors: readonly Mutation[] = [
  {
    ids: ['E33'],
    off: 'a store that is down is a fault of ours and not a 503',
    file: 'apiserver/edge/fault.ts',
    from: "if (error instanceof Error && error.name === 'StoreUnavailable') {",
    to: "if (error instanceof Error && error.name === 'StoreForgotten') {",
    tests: ['test/conformance/outage.test.ts'],
  },
  {
    ids: ['E23'],
    off: 'unknown paths are answered with a Status',
    file: 'apiserver/edge/fault.ts',
    from: "await sendText(exchange, 404, '404 page not found\\n');",
    to: 'await sendError(exchange, errors.unknownResource());',
    tests: ['test/conformance/errors.test.ts'],
  },
  {
    ids: ['E7'],
    off: 'a refusal does not list its causes',
    file: 'openapi/machinery/errors.ts',
    from: 'list.length > 0 ? { causes: causesOf(list) } : {}',
    to: '{}',
    tests: ['test/conformance/bad-input.test.ts'],
  },
];
