import {
  type LabelSelector,
  type LabelSelectorRequirements,
  labelSelectorRequirements,
  matchesLabels,
} from '../../../openapi/machinery/labels.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { StandingNamespace } from '../../registry/namespace-lifecycle.ts';
import type { AdmissionRequest } from '../request.ts';

/** The namespace of a request. @throws StatusError 404 when it does not exist, 503 when that cannot be known. */
export type NamespaceOf = (name: string) => Promise<StandingNamespace>;

export interface Selectors {
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

/** Made once for each configuration. Absent selectors select everything. @throws SelectorError */
export function compileSelectors({ namespaceSelector, objectSelector }: Selectors) {
  const namespaces = labelSelectorRequirements(namespaceSelector ?? {}) ?? [];
  const objects = labelSelectorRequirements(objectSelector ?? {}) ?? [];
  return {
    /** What is in no namespace is never exempted by a namespaceSelector; of an update either object may match. */
    async match(request: AdmissionRequest, namespaceOf: NamespaceOf): Promise<boolean> {
      if (!matchesEither(objects, request)) return false;
      if (request.namespace === '' || namespaces.length === 0) return true;
      return matchesLabels(namespaces, (await namespaceOf(request.namespace)).metadata.labels);
    },
  };
}

function matchesEither(requirements: LabelSelectorRequirements, { object, old }: AdmissionRequest): boolean {
  if (requirements.length === 0) return true;
  const matches = (one: KubernetesObject | undefined) =>
    one !== undefined && matchesLabels(requirements, one.metadata.labels);
  return matches(object) || matches(old);
}
