import { machine } from './machines.ts';

export const POOLS = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachinepools';

export interface PoolBody {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; [key: string]: unknown };
  // biome-ignore lint/suspicious/noExplicitAny: the suites put anything here, wrong things above all
  spec: any;
  status?: unknown;
}

/** A pool as a person writes it. Without `replicas`: the default. */
export function pool(name: string, change: (body: PoolBody) => void = () => undefined): PoolBody {
  const body: PoolBody = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachinePool',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: machine('').spec },
    },
  };
  change(body);
  return body;
}
