import type { Logger } from '../../base/log.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { type ApiObject, resources } from '../../openapi/client/resources.ts';
import type { Authorizer } from '../access/authorization/attributes.ts';
import type { HostCluster } from '../cluster/host-cluster.ts';
import { createNamespaceLifecycle, type NamespaceLifecycle } from '../registry/namespace-lifecycle.ts';
import type { ResourceStore } from '../registry/store.ts';
import { createAdmissionChain } from './chain.ts';
import { mutatingWebhookConfigurations, resourceQuotas, validatingWebhookConfigurations } from './kinds.ts';
import { hostNamespaces, namespaceLookup } from './namespaces/host-namespaces.ts';
import { OrphanedContent } from './namespaces/orphaned-content.ts';
import { policyMetrics } from './policies/metrics.ts';
import { createParams } from './policies/params.ts';
import { createPolicies } from './policies/policies.ts';
import { followPolicySource } from './policies/source.ts';
import { BY_NAMESPACE, ResourceQuotas } from './quota/resource-quotas.ts';
import type { AdmissionChain } from './request.ts';
import { whenSynced } from './synced.ts';
import { createWebhookCaller } from './webhooks/call.ts';
import { followHooks } from './webhooks/hooks.ts';
import { webhookMetrics } from './webhooks/metrics.ts';
import { createMutatingWebhooks } from './webhooks/mutating.ts';
import { ServiceAddresses, type ServiceRouting } from './webhooks/service-address.ts';
import { createValidatingWebhooks } from './webhooks/validating.ts';

export interface HostAdmissionParts {
  readonly cluster: HostCluster;
  /** Answers `authorizer` of CEL expressions. */
  readonly authorizer: Authorizer;
  /** How webhooks that are Services are reached. */
  readonly routing: ServiceRouting;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * What the host cluster says of writes to our objects: kube-apiserver asks nobody about requests that it hands on to us.
 *
 * Nothing is passed over because it is not known yet: until the rules have been listed, writes wait for a moment and are
 * then answered with 503.
 */
export interface HostAdmission {
  readonly chain: AdmissionChain;
  readonly lifecycle: NamespaceLifecycle;
  /** Each says why writes cannot be judged yet, undefined when they can. */
  readonly unready: readonly { readonly name: string; reason(): string | undefined }[];
  /** Deletes what is left in namespaces that the cluster no longer has, from now on until `close`. */
  emptyGoneNamespaces(stores: readonly ResourceStore[]): void;
  close(): Promise<void>;
}

export function hostAdmission({ cluster, authorizer, routing, metrics, logger }: HostAdmissionParts): HostAdmission {
  const { client } = cluster;
  const namespaces = cluster.follow(resources.namespaces);
  const mutating = cluster.follow(mutatingWebhookConfigurations);
  const validating = cluster.follow(validatingWebhookConfigurations);
  const quotas = cluster.follow(resourceQuotas, { indexers: BY_NAMESPACE });
  const policies = followPolicySource(cluster, logger);
  const source = hostNamespaces(namespaces, client);
  const namespaceOf = namespaceLookup(source);
  const caller = createWebhookCaller(new ServiceAddresses(client, routing));
  const webhooks = { caller, namespaceOf, authorizer, logger, metrics: webhookMetrics(metrics) };
  const mutate = createMutatingWebhooks({ ...webhooks, hooks: followHooks(mutating) });
  const validate = createValidatingWebhooks({ ...webhooks, hooks: followHooks(validating) });
  const quota = new ResourceQuotas(quotas, client);
  const chain = createAdmissionChain({
    metrics,
    async mutatingWebhooks(request) {
      await whenSynced(mutating);
      return mutate(request);
    },
    policies: createPolicies({
      policies: () => policies.policies(),
      params: createParams(client),
      namespaceOf,
      authorizer,
      metrics: policyMetrics(metrics),
    }),
    async validatingWebhooks(request) {
      await whenSynced(validating);
      return validate(request);
    },
    quota: (request) => quota.charge(request),
  });
  let orphans: OrphanedContent | undefined;
  const followed: readonly Informer<never>[] = [namespaces, mutating, validating, quotas] as never;
  return {
    chain,
    lifecycle: createNamespaceLifecycle(source),
    unready: [
      ...followed.map((informer) => ({ name: informer.resource.plural, reason: () => notListed(informer) })),
      { name: 'validatingadmissionpolicies', reason: () => policies.unready },
    ],
    emptyGoneNamespaces(stores) {
      orphans = new OrphanedContent({ namespaces, source, stores, logger });
      orphans.start();
    },
    async close() {
      caller.close();
      await Promise.all([policies.close(), orphans?.close()]);
    },
  };
}

function notListed<T extends ApiObject>({ synced, resource }: Informer<T>): string | undefined {
  return synced ? undefined : `the host cluster's ${resource.plural} have not been listed yet`;
}
