import { Command, CommanderError } from 'commander';
import { consoleCommand } from './console.ts';
import { failureText } from './failure.ts';
import { powerCommands } from './power.ts';

/** The kubectl plugin: on the PATH as kubectl-vm it is `kubectl vm`. Exit codes: 0 done, 1 failed, 2 wrong usage. */
function program(): Command {
  const root = new Command('kubectl vm')
    .description('Work with virtual machines of Torpor.')
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .addHelpText(
      'after',
      '\nExamples:\n  kubectl vm console web           type into the serial console, leave with Ctrl-]\n' +
        '  kubectl vm stop web -n shop      shut a machine down\n',
    );
  for (const command of [consoleCommand(), ...powerCommands((line) => process.stdout.write(`${line}\n`))]) {
    root.addCommand(command.exitOverride().showHelpAfterError('(see --help)'));
  }
  return root;
}

async function main(): Promise<void> {
  try {
    await program().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message; help that was asked for is no failure.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`${failureText(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
