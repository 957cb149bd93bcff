import type { Mutation } from '../../../hack/mutation/mutation.ts';

export const objects: readonly Mutation[] = [
  {
    ids: ['K6'],
    off: 'a dry run of a create stores the object',
    file: 'apiserver/registry/create.ts',
    from: '    if (dryRun) {\n',
    to: '    if (dryRun && key === "") {\n',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['K51'],
    off: 'a write from a stale version overwrites what others wrote',
    file: 'apiserver/registry/update.ts',
    from: 'if (resourceVersion !== old.metadata.resourceVersion) throw errors.conflict(definition, name);',
    to: 'sent.metadata.resourceVersion = old.metadata.resourceVersion ?? resourceVersion;',
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['K53'],
    off: 'a write that changes nothing makes a new version',
    file: 'apiserver/registry/guaranteed-update.ts',
    from: "if (wanted.kind === 'put' && nothingChanged(wanted.object, old)) {",
    to: "if (wanted.kind !== 'put' && nothingChanged(wanted.object, old)) {",
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['K54'],
    off: 'every write of the object is a new generation',
    file: 'apiserver/registry/update.ts',
    from: "if (part !== 'status' && specChanged(object, old, strategy.hasStatus)) {",
    to: "if (part !== 'status') {",
    tests: ['test/conformance/lifecycle.test.ts'],
  },
  {
    ids: ['K33'],
    off: 'a list of exactly one version shows the newest',
    file: 'apiserver/verbs/list-options.ts',
    from: "const exact = match === 'Exact' || (match === '' && limit > 0);",
    to: "const exact = match === 'Inexact' || (match === '' && limit > 0);",
    tests: ['test/conformance/lists.test.ts'],
  },
  {
    ids: ['K35'],
    off: 'a list whose pages have expired cannot be gone on with',
    file: 'apiserver/registry/list.ts',
    from: "if (request.after === '') {",
    to: "if (request.after !== 'nothing') {",
    tests: ['test/conformance/lists.test.ts'],
  },
];
