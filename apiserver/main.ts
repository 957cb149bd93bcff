/**
 * torpor-apiserver. Start: certificates, then listening (health and discovery answer), then the store's content, then
 * ready. End: the other way round.
 */

import { flagsOrExit } from '../base/flags.ts';
import { createLogger } from '../base/log.ts';
import { Shutdown } from '../base/shutdown.ts';
import { isInCluster } from '../openapi/client/in-cluster.ts';
import packageJson from '../package.json' with { type: 'json' };
import { apiserverFlags, apiserverSections, declinedFlags } from './serving/flags.ts';
import { runApiServer } from './serving/run.ts';

const name = 'torpor-apiserver';
const flags = flagsOrExit({
  name,
  about: 'Serves the torpor.dev API from etcd.',
  flags: apiserverFlags,
  sections: apiserverSections,
  declined: declinedFlags,
});

const wrong: string[] = [];
if (!flags.embedded && flags.kubeconfig === undefined && !isInCluster()) {
  wrong.push(
    'give --kubeconfig to serve behind a Kubernetes cluster (this is no pod), or --embedded to work without one',
  );
}
for (const name of ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'] as const) {
  if (flags.embedded && flags[name] !== undefined) wrong.push(`--${name} and --embedded exclude each other`);
}
if (flags['kubeconfig-dir'] !== undefined && !flags['node-name']) {
  wrong.push('--kubeconfig-dir needs --node-name: the launcher of this node gets a kubeconfig too');
}
if ((flags['audit-policy-file'] === undefined) !== (flags['audit-log-path'] === undefined)) {
  wrong.push('--audit-policy-file and --audit-log-path go together: what is written down, and where to');
}
if ((flags['tls-cert-file'] === undefined) !== (flags['tls-private-key-file'] === undefined)) {
  wrong.push('--tls-cert-file and --tls-private-key-file go together: give both or none');
}
if (wrong.length > 0) {
  process.stderr.write(wrong.map((line) => `${name}: ${line}\n`).join(''));
  process.exit(2);
}

const logger = createLogger(name);
// Requests may take their time to the end; the rest is for the parts below.
const lastMs = flags['shutdown-delay-duration'] + flags['request-timeout'] + 10_000;
const shutdown = new Shutdown({ logger, deadlineMs: lastMs });
shutdown.listen();
try {
  await runApiServer({ flags, version: packageJson.version, logger, shutdown });
} catch (err) {
  // A start that was stopped half-way has been told so already.
  if (!shutdown.signal.aborted) {
    logger.fatal({ err }, 'the API server cannot start');
    await shutdown.stop(1);
  }
}
