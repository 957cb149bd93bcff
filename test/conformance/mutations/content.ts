import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const content: readonly Mutation[] = [
  {
    ids: ['C7'],
    off: 'a watch of metadata sends whole objects',
    file: 'apiserver/verbs/watch-frames.ts',
    from: "if (view.kind === 'partial') return Buffer.from(JSON.stringify(partialObject(object, view.version)));",
    to: "if (view.kind === 'partial') return served;",
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['C14'],
    off: 'every table of a watch has the columns, not only the first',
    file: 'apiserver/verbs/watch-frames.ts',
    from: '    columnsSent = true;\n',
    to: '    columnsSent = false;\n',
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['C20'],
    off: 'an empty list has no items',
    file: 'apiserver/verbs/answer-list.ts',
    from: '`${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`',
    to: '`${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"entries":[`',
    tests: ['test/conformance/lists.test.ts'],
  },
  {
    ids: ['C17'],
    off: 'large bodies are never compressed',
    file: 'apiserver/edge/respond.ts',
    from: 'const compressed = bytes.length > compressAbove && acceptsGzip(req);',
    to: 'const compressed = bytes.length < 0 && acceptsGzip(req);',
    tests: ['test/conformance/errors.test.ts'],
  },
];
