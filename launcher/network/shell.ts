import { spawn } from 'node:child_process';

const LONGEST_ERROR = 2000;
const TIMEOUT = 20_000;

/**
 * Runs a constant shell script with values as positional parameters (never as part of its text).
 * @throws Error with the last lines that it wrote to stderr; the signal's reason when aborted.
 */
export function runScript(script: string, parameters: readonly string[], signal?: AbortSignal): Promise<void> {
  return startScript(script, parameters, signal).done;
}

export interface RunningScript {
  /** Resolves when the script has said anything on stdout; never rejects. */
  readonly spoke: Promise<void>;
  readonly done: Promise<void>;
}

/** The same for a script that tells on stdout that its first part is done. */
export function startScript(script: string, parameters: readonly string[], signal?: AbortSignal): RunningScript {
  let speak: () => void = () => {};
  const spoke = new Promise<void>((resolve) => {
    speak = resolve;
  });
  const done = new Promise<void>((resolve, reject) => {
    const child = spawn('/bin/sh', ['-euc', script, 'torpor-network', ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
      ...(signal ? { signal } : {}),
    });
    let problem = '';
    child.stdout.on('data', () => speak());
    child.stderr.on('data', (chunk) => {
      problem = (problem + chunk).slice(-LONGEST_ERROR);
    });
    child.on('error', (error) => reject(signal?.aborted ? signal.reason : error));
    child.on('close', (code, killed) => {
      if (code === 0) resolve();
      else if (signal?.aborted) reject(signal.reason);
      else reject(new Error(problem.trim() || `ended with ${killed ?? code}`));
    });
  });
  return { spoke, done };
}
