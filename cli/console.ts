import { Command, InvalidArgumentError } from 'commander';
import { pathOf, resources } from '../openapi/client/resources.ts';
import { openWebSocket } from '../openapi/client/upgrade.ts';
import { CHANNEL_PROTOCOLS, PLAIN_PROTOCOL } from './channels.ts';
import { type ClusterOptions, openTarget, withClusterOptions } from './connect.ts';
import { runConsole } from './console-session.ts';
import { openTerminal } from './terminal.ts';

interface ConsoleFlags extends ClusterOptions {
  readonly timeout: number;
}

const SILENCE_MS = 30_000;

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1440))
    throw new InvalidArgumentError('It must be a number of minutes from above 0 to 1440.');
  return value;
}

export function consoleCommand(): Command {
  return withClusterOptions(new Command('console'))
    .description('Open the serial console of a machine; leave with Ctrl-]')
    .argument('<name>', 'the machine')
    .option('--timeout <minutes>', 'how long to wait for a machine that does not answer', minutes, 5)
    .action(async (argument: string, flags: ConsoleFlags) => {
      const { client, namespace, name } = await openTarget(argument, flags);
      const path = pathOf(resources.virtualMachines, { namespace, name, subresource: 'console' });
      const interrupted = new AbortController();
      const onSignal = (signal: NodeJS.Signals): void => {
        process.exitCode = signal === 'SIGHUP' ? 129 : signal === 'SIGINT' ? 130 : 143;
        interrupted.abort();
      };
      const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
      for (const signal of signals) process.on(signal, onSignal);
      const terminal = openTerminal(process.stdin, process.stdout, process.stderr);
      try {
        const end = await runConsole({
          terminal,
          machine: `${namespace}/${name}`,
          timeoutMs: flags.timeout * 60_000,
          silenceMs: SILENCE_MS,
          signal: interrupted.signal,
          open: (signal) =>
            openWebSocket(client.connection, path, { protocols: [...CHANNEL_PROTOCOLS, PLAIN_PROTOCOL], signal }),
        });
        switch (end.kind) {
          case 'left':
            process.stderr.write('\n');
            break;
          case 'interrupted':
            break;
          case 'failed':
            throw end.error;
        }
      } finally {
        terminal.restore();
        for (const signal of signals) process.off(signal, onSignal);
        client.close();
      }
    });
}
