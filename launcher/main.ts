import { flag, flagsOrExit } from '../base/flags.ts';
import { createLogger } from '../base/log.ts';
import { Shutdown } from '../base/shutdown.ts';
import packageJson from '../package.json' with { type: 'json' };
import { run } from './run.ts';
import { FIRST_UID } from './sandbox/identity.ts';

/** torpor-launcher: the agent of one node. It prepares, runs and removes the machines that are bound to the node. */
const flags = flagsOrExit({
  name: 'torpor-launcher',
  about: 'Runs the machines of one node.',
  flags: {
    kubeconfig: flag.file({ about: 'How to reach the API server.', required: true }),
    'node-name': flag.text({ about: 'Name of this node and of its Host object.', required: true }),
    'state-dir': flag.directory({
      about: 'What has to outlive the launcher: records, volumes, cached images.',
      required: true,
    }),
    'run-dir': flag.directory({ about: 'Sockets; at most 61 bytes long.', required: true }),
    'claims-directory': flag.directory({
      about: 'Where claims are directories; default: claims beside the state directory.',
    }),
    supervisor: flag.file({ about: 'The sandbox supervisor (launcher/supervisor/build).', required: true }),
    qemu: flag.file({ about: 'QEMU.', fallback: '/usr/bin/qemu-system-x86_64' }),
    listen: flag.endpoint({
      about: 'Where streams are served to the API server.',
      fallback: { host: '127.0.0.1', port: 7445 },
    }),
    cert: flag.file({ about: 'Certificate of this node, for the API server.', required: true }),
    key: flag.file({ about: 'Its key.', required: true }),
    ca: flag.file({ about: 'Authority of all certificates.', required: true }),
    'network-cidr': flag.text({ about: 'Private network of the machines.', fallback: '10.127.0.0/16' }),
    'first-uid': flag.integer({
      about: 'User id of the first machine; each has one of its own above it.',
      fallback: FIRST_UID,
      min: 65_536,
      max: 2_147_000_000,
    }),
    'reserved-memory': flag.integer({
      about: 'Bytes of memory that machines may not have; default: an eighth.',
      min: 0,
    }),
  },
});

const log = createLogger('torpor-launcher');
const shutdown = new Shutdown({ logger: log, deadlineMs: 20_000 });
shutdown.listen();

run(
  {
    kubeconfig: flags.kubeconfig,
    nodeName: flags['node-name'],
    stateDirectory: flags['state-dir'],
    runDirectory: flags['run-dir'],
    claimsDirectory: flags['claims-directory'],
    supervisor: flags.supervisor,
    qemu: flags.qemu,
    listen: flags.listen,
    files: { cert: flags.cert, key: flags.key, ca: flags.ca },
    networkCidr: flags['network-cidr'],
    firstUid: flags['first-uid'],
    reservedMemory: flags['reserved-memory'],
    version: packageJson.version,
  },
  { log, shutdown },
).catch((error: unknown) => {
  if (shutdown.signal.aborted) return;
  log.fatal({ err: error }, 'could not start');
  void shutdown.stop(1);
});
