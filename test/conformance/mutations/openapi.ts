import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const openapi: readonly Mutation[] = [
  {
    ids: ['O4'],
    off: 'the path of a group version has no slash at its end, so the aggregator drops it',
    file: 'openapi/assemble/all-operations.ts',
    from: 'const path = `${groupVersionPath(resource)}/`;',
    to: 'const path = groupVersionPath(resource);',
    tests: ['test/conformance/openapi.test.ts'],
  },
  {
    ids: ['O11'],
    off: 'PATCH does not list dryRun and fieldValidation, so kubectl takes the server for an old one',
    file: 'openapi/assemble/parameters.ts',
    from: 'patch: [...writing, force],',
    to: 'patch: [fieldManager, force],',
    tests: ['test/conformance/openapi.test.ts'],
  },
  {
    ids: ['O22'],
    off: 'a document under an old hash may be kept for ever',
    file: 'apiserver/discovery/openapi.ts',
    from: "const immutable = context.info.query.get('hash') === hashOf(document);",
    to: "const immutable = context.info.query.has('hash');",
    tests: ['test/conformance/openapi.test.ts'],
  },
  {
    ids: ['O27'],
    off: 'unknown fields are dropped without a word',
    file: 'apiserver/verbs/decode.ts',
    from: "if (validation === 'Ignore' || unknown.length + duplicates.length === 0) return;",
    to: 'if (validation.length + unknown.length + duplicates.length + source.length > 0) return;',
    tests: ['test/conformance/bad-input.test.ts'],
  },
];
