import documents from '../generated/documents.json' with { type: 'json' };

/** A schema of OpenAPI 3.0 as openapi/documents may write it (hack/generator/rules.ts says what that is). */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly items?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-patch-strategy'?: 'merge';
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Every definition by its published name, for example dev.torpor.v1alpha1.VirtualMachine. Nobody writes into it. */
export const definitions: Readonly<Record<string, JsonSchema>> = documents.schemas as unknown as Record<
  string,
  JsonSchema
>;

const PREFIX = '#/components/schemas/';

export function definitionNameOf(reference: string): string {
  return reference.slice(PREFIX.length);
}

const keyOf = ({ group, version, kind }: GroupVersionKind) => `${group}/${version}/${kind}`;

const byKind = new Map<string, string>();
for (const [name, schema] of Object.entries(definitions)) {
  for (const kind of schema['x-kubernetes-group-version-kind'] ?? []) byKind.set(keyOf(kind), name);
}

/** Published name of a kind's definition; undefined when the documents do not have the kind. */
export function definitionOfKind(kind: GroupVersionKind): string | undefined {
  return byKind.get(keyOf(kind));
}
