// Made by hack/generate from openapi/documents; changes belong there.

/** One fault: where (a JSON pointer), which keyword of the schema, and the keyword's parameters. */
export interface Fault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Validator {
  (value: unknown): boolean;
  /** Faults of the last call. */
  errors: readonly Fault[] | null;
}

export const APIResourceList: Validator;
export const Binding: Validator;
export const ClusterRole: Validator;
export const ClusterRoleBinding: Validator;
export const ConfigMap: Validator;
export const DeleteOptions: Validator;
export const Event: Validator;
export const Host: Validator;
export const Lease: Validator;
export const LocalSubjectAccessReview: Validator;
export const Namespace: Validator;
export const PersistentVolumeClaim: Validator;
export const RestartOptions: Validator;
export const Role: Validator;
export const RoleBinding: Validator;
export const Scale: Validator;
export const Secret: Validator;
export const SelfSubjectAccessReview: Validator;
export const SelfSubjectReview: Validator;
export const SelfSubjectRulesReview: Validator;
export const ServiceAccount: Validator;
export const StartOptions: Validator;
export const Status: Validator;
export const StopOptions: Validator;
export const SubjectAccessReview: Validator;
export const VirtualMachine: Validator;
export const VirtualMachinePool: Validator;
