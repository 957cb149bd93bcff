import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A network namespace that plays a guest: its own Linux stack behind a tap, without the time that a QEMU takes. */
export interface GuestNamespace {
  readonly namespacePath: string;
  readonly tap: string;
  /** Asks for an address as a guest does; what the server gave, under udhcpc's names (ip, router, dns, mtu, …). */
  requestAddress(): Promise<Record<string, string>>;
  /** Runs a command inside; its output. */
  run(command: string, ...args: string[]): Promise<string>;
  /** A TCP server on a port that greets every connection with `hello CLIENT-ADDRESS` and a newline, and leaves its end to the client. */
  serve(port: number): Promise<void>;
  stop(): Promise<void>;
}

const TAP = 'guest0';
const SERVER = `
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.write('hello ' + socket.remoteAddress + '\\n');
});
server.listen(Number(process.argv[1]), '0.0.0.0', () => console.log('listening'));
`;

export async function createGuestNamespace(name: string, macAddress: string): Promise<GuestNamespace> {
  const namespacePath = `/run/netns/${name}`;
  const directory = await mkdtemp(join(tmpdir(), 'torpor-guest-'));
  const children: ChildProcess[] = [];
  await run('ip', ['netns', 'add', name]);
  const inside = async (command: string, ...args: string[]) =>
    (await run('nsenter', [`--net=${namespacePath}`, command, ...args])).stdout;
  await inside(
    'sh',
    '-c',
    'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6',
  );
  await inside('ip', 'tuntap', 'add', 'dev', TAP, 'mode', 'tap');
  await inside('ip', 'link', 'set', TAP, 'address', macAddress, 'up');
  await inside('ip', 'link', 'set', 'lo', 'up');
  return {
    namespacePath,
    tap: TAP,
    run: inside,
    async requestAddress() {
      const script = join(directory, 'bound');
      const output = join(directory, 'lease');
      await writeFile(
        script,
        `#!/bin/sh\n[ "$1" = bound ] || exit 0\nip address replace "$ip/$mask" dev "$interface"\nip route replace default via "$router"\nenv >${output}\n`,
      );
      await chmod(script, 0o755);
      const options = ['mtu', 'search', 'hostname', 'domain'].flatMap((option) => ['-O', option]);
      await inside('busybox', 'udhcpc', '-i', TAP, '-n', '-q', '-t', '5', '-T', '1', '-s', script, ...options);
      const lines = (await readFile(output, 'utf8')).trim().split('\n');
      return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    },
    async serve(port) {
      const child = spawn('nsenter', [`--net=${namespacePath}`, process.execPath, '-e', SERVER, String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      await new Promise<void>((resolve, reject) => {
        child.stdout?.once('data', () => resolve());
        child.once('exit', (code) => reject(new Error(`the server in the guest ended with ${code}`)));
      });
    },
    async stop() {
      for (const child of children) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      await run('ip', ['netns', 'delete', name]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
