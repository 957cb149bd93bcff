import type { RoleBinding } from '../../../openapi/api.ts';
import { type FieldError, field } from '../../../openapi/machinery/errors.ts';
import { pathSegmentErrors } from '../../../openapi/machinery/names.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { ResourceDefinition, Strategy } from '../../registry/resource.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** RBAC names may hold colons and capitals: `system:masters` and the like. */
const named: Partial<Strategy> = { validateName: pathSegmentErrors };

const binding: Partial<Strategy> = {
  ...named,
  prepareForCreate: settleSubjects,
  prepareForUpdate: settleSubjects,
  validate: (object) => bindingErrors(object as unknown as RoleBinding),
  validateUpdate: (object, old) =>
    JSON.stringify(object.roleRef) === JSON.stringify(old.roleRef)
      ? []
      : [field.invalid('roleRef', object.roleRef, 'cannot change roleRef')],
};

const roleColumn = {
  name: 'Role',
  type: 'string' as const,
  description: 'The role that is given.',
  cell: (object: KubernetesObject) => {
    const { roleRef } = object as unknown as RoleBinding;
    return `${roleRef.kind}/${roleRef.name}`;
  },
};

export const rbacKinds: readonly ResourceDefinition[] = [
  coreDefinition({ group: GROUP, kind: 'Role', plural: 'roles', strategy: named, table: coreTable() }),
  coreDefinition({
    group: GROUP,
    kind: 'ClusterRole',
    plural: 'clusterroles',
    namespaced: false,
    strategy: named,
    table: coreTable(),
  }),
  coreDefinition({
    group: GROUP,
    kind: 'RoleBinding',
    plural: 'rolebindings',
    strategy: binding,
    table: coreTable(roleColumn),
  }),
  coreDefinition({
    group: GROUP,
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
    strategy: binding,
    table: coreTable(roleColumn),
  }),
];

/** The API group of users and groups is this one, that of service accounts the core group. */
function settleSubjects(object: KubernetesObject): void {
  const { subjects, roleRef } = object as unknown as RoleBinding;
  for (const subject of subjects ?? []) {
    if (subject.apiGroup === undefined && subject.kind !== 'ServiceAccount') subject.apiGroup = GROUP;
  }
  if (roleRef.apiGroup === undefined || roleRef.apiGroup === '') roleRef.apiGroup = GROUP;
}

function bindingErrors({ subjects = [], roleRef, kind }: RoleBinding): FieldError[] {
  const problems: FieldError[] = [];
  const roles = kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['ClusterRole', 'Role'];
  if (!roles.includes(roleRef.kind)) problems.push(field.notSupported('roleRef.kind', roleRef.kind, roles));
  if (roleRef.name === '') problems.push(field.required('roleRef.name'));
  subjects.forEach((subject, index) => {
    const path = `subjects[${index}]`;
    if (subject.name === '') problems.push(field.required(`${path}.name`));
    if (!['User', 'Group', 'ServiceAccount'].includes(subject.kind)) {
      problems.push(field.notSupported(`${path}.kind`, subject.kind, ['Group', 'ServiceAccount', 'User']));
    }
    if (subject.kind === 'ServiceAccount' && !subject.namespace) {
      problems.push(field.required(`${path}.namespace`));
    }
  });
  return problems;
}
