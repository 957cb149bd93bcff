import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { leaked, machineTraces, type TraceScope } from './leaks.ts';

/**
 * An embedded Torpor for end-to-end tests, made by hack/up itself with ports, addresses and a home of its own, so that
 * it stands beside one that somebody uses. Bringing it up is idempotent: every suite asks for it, the first one pays.
 *
 * TORPOR_TEST_HOME, TORPOR_TEST_PORT_BASE (the first of eight ports) and TORPOR_TEST_CIDR make another one beside the
 * usual; its ports and addresses must be its own.
 */
export interface Embedded {
  readonly home: string;
  readonly kubeconfig: string;
  readonly registry: string;
  /** What every machine's address starts with, for example `10.126.`. */
  readonly addressPrefix: string;
  readonly traces: TraceScope;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const HOME = process.env.TORPOR_TEST_HOME ?? '/var/lib/torpor-test';
const PORT_BASE = Number(process.env.TORPOR_TEST_PORT_BASE ?? 17_443);
const REGISTRY_PORT = PORT_BASE + 7;
const NODE_NAME = 'test-node';
const NETWORK = process.env.TORPOR_TEST_CIDR ?? '10.126.0.0/16';
if (!/^\d+\.\d+\.0\.0\/16$/.test(NETWORK))
  throw new Error(`TORPOR_TEST_CIDR is ${NETWORK}; it must be a network of 16 bits, for example 10.126.0.0/16`);
if (!Number.isInteger(PORT_BASE) || PORT_BASE < 1 || PORT_BASE > 65_528)
  throw new Error(`TORPOR_TEST_PORT_BASE is ${process.env.TORPOR_TEST_PORT_BASE}; it must be a port number`);

const UP_FLAGS = [
  `--home=${HOME}`,
  '--merge-kubeconfig=false',
  `--node-name=${NODE_NAME}`,
  `--network-cidr=${NETWORK}`,
  `--apiserver-port=${PORT_BASE}`,
  `--reconcilers-port=${PORT_BASE + 1}`,
  `--launcher-port=${PORT_BASE + 2}`,
  `--etcd-port=${PORT_BASE + 3}`,
  `--etcd-peer-port=${PORT_BASE + 4}`,
  `--registry-port=${REGISTRY_PORT}`,
  '--wait-for-images',
];

const root = fileURLToPath(new URL('../..', import.meta.url));

export const embedded: Embedded = {
  home: HOME,
  kubeconfig: `${HOME}/kubeconfig`,
  registry: `localhost:${REGISTRY_PORT}`,
  addressPrefix: NETWORK.replace(/\d+\.\d+\/16$/, ''),
  traces: { stateDirectory: `${HOME}/node`, runDirectory: `${HOME}/run` },
};

/** Runs hack/up until everything is ready and the given guest images are published. */
export async function up(images: readonly string[] = ['tiny']): Promise<Embedded> {
  const ran = await run(`${root}/hack/up`, [...UP_FLAGS, `--images=${images.join(',')}`], { timeoutMs: 900_000 });
  if (ran.code !== 0) throw new Error(`hack/up ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
  return embedded;
}

/** What hack/up does after installing and building: starts what is dead and waits until all are ready. */
export async function bringBack(): Promise<void> {
  const args = ['--import', 'tsx', `${root}/hack/embedded/up.ts`, ...UP_FLAGS, '--images=tiny'];
  const ran = await run(process.execPath, args, { timeoutMs: 300_000 });
  if (ran.code !== 0) throw new Error(`bringing Torpor back ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
}

export function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Ran> {
  const timeoutMs = options.timeoutMs ?? 120_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, KUBECONFIG: embedded.kubeconfig, PATH: `${HOME}/bin:${process.env.PATH}` },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ${args.join(' ')} did not end within ${timeoutMs} ms:\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** kubectl that must succeed; its standard output. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const ran = await run('kubectl', args, input === undefined ? {} : { input });
  if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
  return ran.stdout;
}

export async function kubectlJSON<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl([...args, '-o', 'json'])) as T;
}

/** An example of the examples directory, with the images of the test's own registry. */
export function example(name: string): string {
  return readFileSync(`${root}/examples/${name}`, 'utf8').replaceAll('localhost:5000', embedded.registry);
}

/** The address under which others reach a machine. */
export async function addressOf(machine: string, namespace = 'default'): Promise<string> {
  const found = await kubectl([
    ...['get', 'vm', machine, '-n', namespace],
    ...['-o', 'jsonpath={.status.interfaces[0].ipAddress}'],
  ]);
  if (found === '') throw new Error(`machine ${namespace}/${machine} has no address in its status`);
  return found;
}

/** GET over HTTP until the guest answers; the body. */
export function http(address: string, path = '/', timeoutMs = 90_000): Promise<string> {
  return eventually(`HTTP from ${address}${path}`, timeoutMs, async () => {
    const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(2000) });
    return answer.ok ? await answer.text() : undefined;
  });
}

/** Throws with the list when machines have left anything that was not there `before`. */
export async function assertNothingLeft(before: readonly string[], timeoutMs = 10_000): Promise<void> {
  let left: string[] = [];
  await eventually('nothing left behind', timeoutMs, async () => {
    left = leaked(before, machineTraces(embedded.traces));
    return left.length === 0 ? true : undefined;
  }).catch(() => {
    throw new Error(`left behind:\n  ${left.join('\n  ')}`);
  });
}

export function traces(): string[] {
  return machineTraces(embedded.traces);
}
