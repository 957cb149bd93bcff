import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const watch: readonly Mutation[] = [
  {
    ids: ['W1'],
    off: 'an event is more than one line',
    file: 'apiserver/verbs/watch-frames.ts',
    from: "body, Buffer.from('}\\n')]);",
    to: "body, Buffer.from('\\n}\\n')]);",
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['W2'],
    off: 'a deletion is told with the version of the write before',
    file: 'apiserver/verbs/watch-frames.ts',
    from: "type === 'DELETED' ? withRevision(item.bytes, event.revision) : item.bytes;",
    to: 'item.bytes;',
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['W3'],
    off: 'an object that leaves a selection just falls silent',
    file: 'apiserver/registry/transition.ts',
    from: "return before === undefined ? NONE : { kind: 'DELETED', item: before };",
    to: "return before === undefined || event.item !== undefined ? NONE : { kind: 'DELETED', item: before };",
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['W5'],
    off: 'a watch from a version that is gone ends without a word',
    file: 'apiserver/verbs/watch.ts',
    from: 'await stream.fail(errors.expired(`too old resource version: ${wanted} (${opening.oldest})`));',
    to: 'sink.end();',
    tests: ['test/conformance/watches.test.ts'],
  },
  {
    ids: ['W8'],
    off: 'bookmarks go to those who did not ask for them',
    file: 'apiserver/verbs/watch.ts',
    from: '...(options.bookmarks ? { bookmarkEveryMs: settings.bookmarkEveryMs } : {}),',
    to: 'bookmarkEveryMs: settings.bookmarkEveryMs,',
    tests: ['test/conformance/watch-bookmarks.test.ts'],
  },
  {
    ids: ['W10'],
    off: 'nothing says where the state of a watch ends',
    file: 'apiserver/verbs/watch-frames.ts',
    from: "...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),",
    to: '...(initialEventsEnd ? { annotations: {} } : {}),',
    tests: ['test/conformance/watches.test.ts'],
  },
];
