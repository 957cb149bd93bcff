import { flag, flagsOrExit } from '../base/flags.ts';
import { createLogger } from '../base/log.ts';
import { Shutdown } from '../base/shutdown.ts';
import { run } from './run.ts';

/** torpor-reconcilers: decides what machines, claims and namespaces need, and says so to the API server. */
const flags = flagsOrExit({
  name: 'torpor-reconcilers',
  about: 'Places machines on hosts, starts them again, and cleans up what is deleted.',
  flags: {
    kubeconfig: flag.file({ about: 'How to reach the API server.', required: true }),
    embedded: flag.toggle({ about: 'Without Kubernetes: provides claims and empties namespaces too.' }),
    'leader-elect': flag.toggle({ about: 'Work only while holding the lease, for several replicas.' }),
    'leader-elect-namespace': flag.text({ about: 'Namespace of the lease.', fallback: 'torpor-system' }),
    'metrics-bind-address': flag.endpoint({
      about: 'Where /metrics, /healthz and /readyz are served.',
      fallback: { host: '127.0.0.1', port: 7444 },
    }),
    'claims-directory': flag.directory({ about: 'Where claims are made as directories (with --embedded).' }),
  },
});

const log = createLogger('torpor-reconcilers');
const shutdown = new Shutdown({ logger: log, deadlineMs: 15_000 });
shutdown.listen();

const directory = flags['claims-directory'];
if (flags.embedded && directory === undefined) {
  process.stderr.write(
    'torpor-reconcilers: --embedded needs --claims-directory, where claims are made as directories\n',
  );
  process.exit(2);
}

run(
  {
    kubeconfig: flags.kubeconfig,
    embedded: flags.embedded && directory !== undefined ? { claimsDirectory: directory } : undefined,
    leaderElect: flags['leader-elect'] ? { namespace: flags['leader-elect-namespace'] } : undefined,
    metricsAddress: flags['metrics-bind-address'],
  },
  { log, shutdown },
).catch((error: unknown) => {
  if (shutdown.signal.aborted) return;
  log.fatal({ err: error }, 'could not start');
  void shutdown.stop(1);
});
