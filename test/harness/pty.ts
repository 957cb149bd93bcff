import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { embedded } from './embedded.ts';

/** `kubectl vm console` under a pseudo-terminal, as a person has it. */
export interface Console {
  /** Everything shown so far. */
  shown(): string;
  type(text: string): void;
  /** Waits until what was shown since the last match has `pattern`; sends `nudge` once a second meanwhile. */
  until(pattern: RegExp, nudge?: string, timeoutMs?: number): Promise<void>;
  /** The plugin's exit code. */
  readonly ended: Promise<number | null>;
  kill(): void;
}

export function openConsole(machine: string, extra: readonly string[] = []): Console {
  const command = ['kubectl', 'vm', 'console', machine, ...extra].join(' ');
  // util-linux's script gives the program a terminal and passes on its exit code.
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, KUBECONFIG: embedded.kubeconfig, PATH: `${embedded.home}/bin:${process.env.PATH}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    shown: () => text,
    type: (typed) => void child.stdin.write(typed),
    async until(pattern, nudge, timeoutMs = 60_000) {
      const end = Date.now() + timeoutMs;
      let nudgeAt = Date.now() + 1000;
      for (;;) {
        const found = pattern.exec(text.slice(seen));
        if (found !== null) {
          seen += found.index + found[0].length;
          return;
        }
        if (Date.now() > end) throw new Error(`the console did not show ${pattern} within ${timeoutMs} ms:\n${text}`);
        if (nudge !== undefined && Date.now() > nudgeAt) {
          child.stdin.write(nudge);
          nudgeAt = Date.now() + 1000;
        }
        await sleep(50);
      }
    },
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}
