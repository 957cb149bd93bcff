/** How the value of a field is written, and what it becomes in JSON. */
export type Shape =
  | { readonly kind: 'text' | 'bytes' | 'boolean' | 'integer' | 'time' }
  /** A message that only holds a list of texts. */
  | { readonly kind: 'wrapped' }
  | { readonly kind: 'message'; readonly fields: Message }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape };

/** Field numbers with names as in JSON; from the generated.proto files of k8s.io/api and apimachinery. */
export type Message = Readonly<Record<number, readonly [name: string, shape: Shape]>>;

const text: Shape = { kind: 'text' };
const bytes: Shape = { kind: 'bytes' };
const boolean: Shape = { kind: 'boolean' };
const integer: Shape = { kind: 'integer' };
const time: Shape = { kind: 'time' };
const list = (of: Shape): Shape => ({ kind: 'list', of });
const map = (of: Shape): Shape => ({ kind: 'map', of });
const message = (fields: Message): Shape => ({ kind: 'message', fields });

const ownerReference: Message = {
  1: ['kind', text],
  3: ['name', text],
  4: ['uid', text],
  5: ['apiVersion', text],
  6: ['controller', boolean],
  7: ['blockOwnerDeletion', boolean],
};

/** Without what is only ever the server's: generation, deletion, managedFields. */
const metadata = message({
  1: ['name', text],
  2: ['generateName', text],
  3: ['namespace', text],
  5: ['uid', text],
  6: ['resourceVersion', text],
  8: ['creationTimestamp', time],
  11: ['labels', map(text)],
  12: ['annotations', map(text)],
  13: ['ownerReferences', list(message(ownerReference))],
  14: ['finalizers', list(text)],
});

const objectReference = message({
  1: ['kind', text],
  2: ['namespace', text],
  3: ['name', text],
  4: ['uid', text],
  5: ['apiVersion', text],
  6: ['resourceVersion', text],
  7: ['fieldPath', text],
});

const rules = list(
  message({
    1: ['verbs', list(text)],
    2: ['apiGroups', list(text)],
    3: ['resources', list(text)],
    4: ['resourceNames', list(text)],
    5: ['nonResourceURLs', list(text)],
  }),
);
const labelSelector = message({
  1: ['matchLabels', map(text)],
  2: ['matchExpressions', list(message({ 1: ['key', text], 2: ['operator', text], 3: ['values', list(text)] }))],
});
const binding: Message = {
  1: ['metadata', metadata],
  2: [
    'subjects',
    list(message({ 1: ['kind', text], 2: ['apiGroup', text], 3: ['name', text], 4: ['namespace', text] })),
  ],
  3: ['roleRef', message({ 1: ['apiGroup', text], 2: ['kind', text], 3: ['name', text] })],
};

const selector = message({ 1: ['rawSelector', text] });
const resourceAttributes = message({
  1: ['namespace', text],
  2: ['verb', text],
  3: ['group', text],
  4: ['version', text],
  5: ['resource', text],
  6: ['subresource', text],
  7: ['name', text],
  8: ['fieldSelector', selector],
  9: ['labelSelector', selector],
});
const question: Message = {
  1: ['resourceAttributes', resourceAttributes],
  2: ['nonResourceAttributes', message({ 1: ['path', text], 2: ['verb', text] })],
};
const aboutSomebody: Message = {
  1: ['metadata', metadata],
  2: [
    'spec',
    message({
      ...question,
      3: ['user', text],
      4: ['groups', list(text)],
      5: ['extra', map({ kind: 'wrapped' })],
      6: ['uid', text],
    }),
  ],
};

/** Kinds that kubectl sends so to the group versions that are served here. Status is left out: it is never the client's. */
export const shapes: Readonly<Record<string, Message>> = {
  ConfigMap: {
    1: ['metadata', metadata],
    2: ['data', map(text)],
    3: ['binaryData', map(bytes)],
    4: ['immutable', boolean],
  },
  Secret: {
    1: ['metadata', metadata],
    2: ['data', map(bytes)],
    3: ['type', text],
    4: ['stringData', map(text)],
    5: ['immutable', boolean],
  },
  Namespace: { 1: ['metadata', metadata], 2: ['spec', message({ 1: ['finalizers', list(text)] })] },
  ServiceAccount: {
    1: ['metadata', metadata],
    2: ['secrets', list(objectReference)],
    3: ['imagePullSecrets', list(message({ 1: ['name', text] }))],
    4: ['automountServiceAccountToken', boolean],
  },
  Role: { 1: ['metadata', metadata], 2: ['rules', rules] },
  ClusterRole: {
    1: ['metadata', metadata],
    2: ['rules', rules],
    3: ['aggregationRule', message({ 1: ['clusterRoleSelectors', list(labelSelector)] })],
  },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  SelfSubjectAccessReview: { 1: ['metadata', metadata], 2: ['spec', message(question)] },
  SubjectAccessReview: aboutSomebody,
  LocalSubjectAccessReview: aboutSomebody,
  SelfSubjectRulesReview: { 1: ['metadata', metadata], 2: ['spec', message({ 1: ['namespace', text] })] },
  SelfSubjectReview: { 1: ['metadata', metadata] },
  DeleteOptions: {
    1: ['gracePeriodSeconds', integer],
    2: ['preconditions', message({ 1: ['uid', text], 2: ['resourceVersion', text] })],
    3: ['orphanDependents', boolean],
    4: ['propagationPolicy', text],
    5: ['dryRun', list(text)],
  },
};
