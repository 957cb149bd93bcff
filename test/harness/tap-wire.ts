import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A running tap-wire (see tap-wire.c): what a guest behind a sandbox's tap sees, and whether it is awake. */
export interface TapWire {
  /** Frames towards the guest so far, the first 64 bytes of each in hex. */
  readonly frames: readonly string[];
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** True when a frame waits in the sandbox's tap. */
  pending(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface TapWireEnds {
  readonly sandbox: { readonly namespacePath: string; readonly tap: string };
  readonly guest: { readonly namespacePath: string; readonly tap: string };
}

export async function startTapWire({ sandbox, guest }: TapWireEnds): Promise<TapWire> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-wire-'));
  const binary = join(directory, 'tap-wire');
  const source = fileURLToPath(new URL('tap-wire.c', import.meta.url));
  await run('gcc', ['-O1', '-Wall', '-Werror', '-o', binary, source]);
  const ends = [sandbox.namespacePath, sandbox.tap, guest.namespacePath, guest.tap];
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(binary, ends, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const frames: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('frame ')) frames.push(line.slice('frame '.length));
    else waiting.shift()?.(line);
  });
  const answer = () =>
    new Promise<string>((resolve, reject) => {
      waiting.push(resolve);
      void ended.then(() => reject(new Error('tap-wire has ended')));
    });
  const ask = (command: string) => {
    const line = answer();
    child.stdin.write(`${command}\n`);
    return line;
  };
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answer(); // ready
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    frames,
    pause: async () => void (await ask('pause')),
    resume: async () => void (await ask('resume')),
    pending: async () => (await ask('pending')) === 'pending 1',
    stop,
  };
}
