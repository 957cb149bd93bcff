import type { Command } from 'commander';
import { Client } from '../openapi/client/client.ts';
import { connect } from '../openapi/client/kubeconfig.ts';

/** The flags that every kubectl command has, under kubectl's names. */
export interface ClusterOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace of the machine (default: that of the context)')
    .option('--context <name>', 'context of the kubeconfig to use')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG, else ~/.kube/config)');
}

export interface Target {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
}

/** Accepts what people copy from kubectl's output: tiny, vm/tiny, virtualmachine.torpor.dev/tiny. */
export function machineName(argument: string): string {
  const match = /^(?:(?:vms?|virtualmachines?)(?:\.torpor\.dev)?\/)?([a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/.exec(argument);
  if (match?.[1] === undefined) {
    throw new Error(
      `${JSON.stringify(argument)} is no name of a machine: names have small letters, digits, "-" and "."`,
    );
  }
  return match[1];
}

export async function openTarget(argument: string, options: ClusterOptions): Promise<Target> {
  const name = machineName(argument);
  const connection = await connect({ path: options.kubeconfig, context: options.context });
  return {
    client: new Client(connection, { userAgent: 'kubectl-vm' }),
    namespace: options.namespace ?? connection.namespace,
    name,
  };
}
