import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The real supervisor in a directory of its own, for tests; what it runs is a shell script in QEMU's place. */
const source = process.env.TORPOR_SOURCE ?? fileURLToPath(new URL('../..', import.meta.url));
let built: string | undefined;

export function supervisorBinary(): string {
  if (built !== undefined) return built;
  const directory = mkdtempSync(join(tmpdir(), 'torpor-supervisor-bin-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  built = join(directory, 'supervisor');
  execFileSync(join(source, 'launcher/supervisor/build'), [built]);
  return built;
}

/** A user that owns nothing. Without root the supervisor runs as whoever runs the test. */
export const TEST_UID = 1_899_999_998;
export const asRoot = process.getuid?.() === 0;

export type Message = Record<string, unknown> & { readonly id?: number; readonly exit?: Record<string, unknown> };

export interface Client {
  readonly socket: Socket;
  send(text: string): void;
  /** The next line; rejects when the connection ends or nothing comes for 10 s. */
  next(): Promise<Message>;
  ask(request: Record<string, unknown>): Promise<Message>;
  readonly closed: Promise<void>;
}

export interface Fixture {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly errors: () => string;
  connect(): Promise<Client>;
}

export function sandboxDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'torpor-supervisor-'));
  if (asRoot) chownSync(directory, 0, TEST_UID);
  execFileSync('chmod', [asRoot ? '0750' : '0700', directory]);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function writePlan(directory: string, argv: readonly string[]): void {
  writeFileSync(join(directory, 'plan'), argv.map((argument) => `${argument}\0`).join(''), { mode: 0o444 });
}

export function run(t: TestContext, directory: string, more: readonly string[] = []): Fixture {
  const user = asRoot ? ['--uid', String(TEST_UID), '--gid', String(TEST_UID)] : [];
  const child = spawn(supervisorBinary(), ['run', '--directory', directory, ...user, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const path = join(directory, 'control');
  const clients = new Set<Socket>();
  t.after(() => {
    for (const socket of clients) socket.destroy();
  });
  return {
    directory,
    child,
    ended,
    errors: () => errors,
    async connect() {
      for (let attempt = 0; ; attempt += 1) {
        const socket = await new Promise<Socket | undefined>((resolve) => {
          const opened = createConnection(path, () => resolve(opened));
          opened.once('error', () => resolve(undefined));
        });
        if (socket !== undefined) {
          clients.add(socket);
          return clientOn(socket);
        }
        if (attempt > 1000) throw new Error(`no control socket: ${errors}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

function clientOn(socket: Socket): Client {
  const lines: Message[] = [];
  const waiting: ((message: Message | Error) => void)[] = [];
  let text = '';
  let nextId = 1;
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.on('data', (data) => {
    text += data;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const message = JSON.parse(text.slice(0, end)) as Message;
      text = text.slice(end + 1);
      const taker = waiting.shift();
      if (taker === undefined) lines.push(message);
      else taker(message);
    }
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void closed.then(() => {
    for (const taker of waiting.splice(0)) taker(new Error('the supervisor closed the connection'));
  });
  const client: Client = {
    socket,
    closed,
    send: (line) => void socket.write(line),
    async next() {
      const first = lines.shift();
      if (first !== undefined) return first;
      let timer: NodeJS.Timeout | undefined;
      const message = await new Promise<Message | Error>((resolve) => {
        timer = setTimeout(() => resolve(new Error('nothing came for 10 s')), 10_000);
        waiting.push(resolve);
      });
      clearTimeout(timer);
      if (message instanceof Error) throw message;
      return message;
    },
    async ask(request) {
      const id = nextId++;
      client.send(`${JSON.stringify({ id, ...request })}\n`);
      return client.next();
    },
  };
  return client;
}

/** A guest that follows the power button, as QEMU reports it. */
export const OBEDIENT = [
  'while read -r line <&3; do case $line in *system_powerdown*)',
  `printf '{"timestamp": {}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}\\r\\n' >&3; exit 0;;`,
  'esac; done',
].join(' ');

export function shell(script: string): string[] {
  return ['/bin/sh', '-c', script];
}

export function processStatus(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
  return new Map(lines.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()] as const));
}

export function isGone(pid: number): boolean {
  try {
    return processStatus(pid).get('State')?.startsWith('Z') ?? true;
  } catch {
    return true;
  }
}

export async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`did not come about within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
