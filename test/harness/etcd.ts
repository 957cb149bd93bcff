import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A real etcd of one member in a temporary directory, for tests. `stop` ends it and deletes its data. */
export interface TemporaryEtcd {
  /** "http://127.0.0.1:PORT", https with `tls`. */
  readonly endpoint: string;
  readonly port: number;
  /** Its data, to be copied away and back while it does not run. */
  readonly dataDirectory: string;
  /** Freezes the process (SIGSTOP): connections stay, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL; data and port stay. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, with the same data and port, and with these flags besides. */
  start(flags?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface EtcdSettings {
  /** Further command line flags. */
  readonly flags?: readonly string[];
  /** PEM files; the server then demands client certificates of this CA. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

const START_DEADLINE_MS = 20_000;

/** Starts Debian's etcd (package etcd-server) with small limits for time and the limits of requests that Torpor needs. */
export async function startEtcd(settings: EtcdSettings = {}): Promise<TemporaryEtcd> {
  let failure: unknown;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const directory = await mkdtemp(join(tmpdir(), 'torpor-etcd-'));
    const member = new Member(directory, await freePort(), await freePort(), settings);
    try {
      await member.start();
      return member;
    } catch (error) {
      failure = error;
      await member.stop();
    }
  }
  throw failure;
}

class Member implements TemporaryEtcd {
  readonly endpoint: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly #directory: string;
  readonly #peerPort: number;
  readonly #settings: EtcdSettings;
  #process: ChildProcess | undefined;
  #output = '';
  /** A test run that dies must not leave its etcd behind. */
  readonly #onExit = (): void => {
    this.#process?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  constructor(directory: string, port: number, peerPort: number, settings: EtcdSettings) {
    this.#directory = directory;
    this.dataDirectory = join(directory, 'data');
    this.port = port;
    this.#peerPort = peerPort;
    this.#settings = settings;
    process.once('exit', this.#onExit);
    this.endpoint = `${settings.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  }

  async start(flags: readonly string[] = []): Promise<void> {
    const tls = this.#settings.tls;
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const child = spawn(
      // A test process that is killed cannot clean up; the kernel then ends its etcd.
      'setpriv',
      [
        ...['--pdeathsig=KILL', 'etcd'],
        ...['--name=test', `--data-dir=${this.dataDirectory}`, '--logger=zap', '--log-level=warn'],
        ...[`--listen-client-urls=${this.endpoint}`, `--advertise-client-urls=${this.endpoint}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=test=${peer}`],
        // A lone member elects itself; short ticks make that quick.
        ...['--heartbeat-interval=20', '--election-timeout=200', '--snapshot-count=1000'],
        ...['--max-request-bytes=4194304', '--grpc-keepalive-min-time=200ms'],
        ...(tls === undefined
          ? []
          : [
              ...[`--cert-file=${tls.cert}`, `--key-file=${tls.key}`],
              ...[`--trusted-ca-file=${tls.ca}`, '--client-cert-auth'],
            ]),
        ...(this.#settings.flags ?? []),
        ...flags,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '/usr/bin:/bin' } },
    );
    this.#process = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-8_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.#answers())) {
      if (failure !== undefined) {
        throw new Error(`etcd could not be started (${failure.message}); install Debian's etcd-server and util-linux`);
      }
      if (child.exitCode !== null) throw new Error(`etcd exited with ${child.exitCode}:\n${this.#output}`);
      if (Date.now() > deadline)
        throw new Error(`etcd did not answer within ${START_DEADLINE_MS} ms:\n${this.#output}`);
      await delay(30);
    }
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    process.removeListener('exit', this.#onExit);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** etcd opens its client port once it has joined and can serve. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const done = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => done(true));
      socket.once('error', () => done(false));
    });
  }
}
