/** Parameters of requests: name, type and what they do. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
});

export const nameParameter: Parameter = {
  name: 'name',
  in: 'path',
  type: 'string',
  description: 'Name of the object.',
};
export const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
};
export const prettyParameter = query('pretty', 'string', "If 'true', the answer is indented.");

const dryRun = query('dryRun', 'string', 'All: every stage is gone through and nothing is stored.');
const fieldManager = query(
  'fieldManager',
  'string',
  'Name of the writer in metadata.managedFields; at most 128 characters.',
);
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What unknown and duplicate fields do. Ignore: dropped. Warn (the default): dropped with a warning. Strict: refused.',
);
const force = query('force', 'boolean', 'Takes over fields of other managers; for apply only.');

const listing: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'A watch also sends BOOKMARK events, which only carry a resource version.'),
  query('continue', 'string', 'Token of the previous page.'),
  query('fieldSelector', 'string', 'Only objects with these fields, for example metadata.name=web.'),
  query('labelSelector', 'string', 'Only objects with these labels, for example app=web.'),
  query('limit', 'integer', 'Most objects on a page.'),
  query('resourceVersion', 'string', 'Which state is shown, or where a watch starts.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'A watch begins with all present objects and a bookmark after them.'),
  query('timeoutSeconds', 'integer', 'Seconds after which the watch or list ends.'),
];

const deleting: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds that the object is given to end by itself; 0 is at once.'),
  query('orphanDependents', 'boolean', 'Older form of propagationPolicy Orphan.'),
  query('propagationPolicy', 'string', 'What happens to dependents: Orphan, Background or Foreground.'),
];

const waiting: readonly Parameter[] = [
  query('wait', 'string', 'The answer comes when the object is in this phase; 504 when that takes too long.'),
  query('waitTimeout', 'string', 'Longest wait, for example 30s, which is the default; at most 55s.'),
];

const writing: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];

/** Query parameters by kind of operation. kubectl looks for dryRun and fieldValidation on every PATCH of a kind. */
export const queryParameters = {
  get: [],
  list: [...listing, query('watch', 'boolean', 'Instead of a list, a stream of changes.')],
  post: writing,
  waitingPost: [...writing, ...waiting],
  put: writing,
  patch: [...writing, force],
  delete: deleting,
  deletecollection: [...listing, ...deleting],
  connect: [],
} as const satisfies Record<string, readonly Parameter[]>;

/** What an operation does, in the words of x-kubernetes-action. */
export type Action = Exclude<keyof typeof queryParameters, 'waitingPost'>;
