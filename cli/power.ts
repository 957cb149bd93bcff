import { Command, InvalidArgumentError } from 'commander';
import { resources } from '../openapi/client/resources.ts';
import { type ClusterOptions, openTarget, withClusterOptions } from './connect.ts';

/** start, stop and restart: each is one POST to the subresource of that name. */
interface PowerOptions extends ClusterOptions {
  readonly gracePeriod?: number;
}

function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}

const GRACE: readonly [string, string] = [
  '--grace-period <seconds>',
  'time between the ACPI power button and pulling the plug; 0 pulls at once',
];

interface Verb {
  readonly name: 'start' | 'stop' | 'restart';
  readonly about: string;
  readonly done: string;
  readonly bodyKind: string;
  /** Name of the grace period in the body; undefined for a verb without one. */
  readonly grace?: 'gracePeriod' | 'gracePeriodSeconds';
}

const VERBS: readonly Verb[] = [
  { name: 'start', about: 'Start a machine', done: 'start requested', bodyKind: 'StartOptions' },
  { name: 'stop', about: 'Shut a machine down', done: 'stop requested', bodyKind: 'StopOptions', grace: 'gracePeriod' },
  {
    name: 'restart',
    about: 'Shut a machine down and start it again',
    done: 'restart requested',
    bodyKind: 'RestartOptions',
    grace: 'gracePeriodSeconds',
  },
];

export function powerCommands(write: (line: string) => void): readonly Command[] {
  return VERBS.map((verb) => {
    const command = withClusterOptions(new Command(verb.name))
      .description(verb.about)
      .argument('<name>', 'the machine');
    if (verb.grace !== undefined) command.option(...GRACE, seconds);
    return command.action(async (argument: string, options: PowerOptions) => {
      const { client, namespace, name } = await openTarget(argument, options);
      const body = {
        apiVersion: 'torpor.dev/v1alpha1',
        kind: verb.bodyKind,
        ...(verb.grace !== undefined && options.gracePeriod !== undefined ? { [verb.grace]: options.gracePeriod } : {}),
      };
      try {
        await client.action(resources.virtualMachines, { namespace, name }, verb.name, body);
        write(`virtualmachine.torpor.dev/${name} ${verb.done}`);
      } finally {
        client.close();
      }
    });
  });
}
