/** Our whole server behind a host cluster under the test's control, over a real etcd, with webhooks to ask. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import {
  admissionPolicies,
  admissionPolicyBindings,
  mutatingWebhookConfigurations,
  resourceQuotas,
  validatingWebhookConfigurations,
  type Webhook,
} from '../../apiserver/admission/kinds.ts';
import { apiserverFlags } from '../../apiserver/serving/flags.ts';
import { runApiServer } from '../../apiserver/serving/run.ts';
import { type Authority, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { parseFlags } from '../../base/flags.ts';
import { createLogger } from '../../base/log.ts';
import { Shutdown } from '../../base/shutdown.ts';
import { type ApiObject, type Resource, resources } from '../../openapi/client/resources.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { freePort } from '../harness/free-port.ts';
import { WebhookServer } from '../harness/webhook-server.ts';
import { issue } from './injected-server.ts';
import { TestHost } from './test-host.ts';

export const services = core('services', 'Service');
export const endpoints = core('endpoints', 'Endpoints');

function core(plural: string, kind: string): Resource<ApiObject> {
  return { group: '', version: 'v1', plural, kind, namespaced: true };
}

export interface AdmissionServer {
  readonly host: TestHost;
  readonly hook: WebhookServer;
  /** Of the webhook's certificate. */
  readonly authority: Authority;
  readonly port: number;
  readonly admin: ReturnType<typeof supertest.agent>;
  readonly pair: KeyPair;
  /** Somebody whose rights the host decides about. */
  as(commonName: string): Promise<ReturnType<typeof supertest.agent>>;
  readonly ca: string;
  /** Of a webhook named `name` at this path of the webhook server, with all rules unless told otherwise. */
  webhook(name: string, more?: Partial<Webhook>): Webhook;
  mutate(configuration: string, ...webhooks: readonly Webhook[]): Promise<void>;
  validate(configuration: string, ...webhooks: readonly Webhook[]): Promise<void>;
  /** Resolves when the server has seen the host as it is now. */
  settled(): Promise<void>;
  metrics(): Promise<string>;
  /** Nothing is registered and everything is allowed again. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface AdmissionServerOptions {
  readonly routing?: 'cluster-ip' | 'endpoints';
  /** The host cluster has ValidatingAdmissionPolicies of this version. */
  readonly policies?: 'v1' | 'v1beta1';
  /** Called before the server starts. */
  readonly prepare?: (host: TestHost) => void;
}

export async function startAdmissionServer(options: AdmissionServerOptions = {}): Promise<AdmissionServer> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-admission-'));
  const [host, etcd, port, authority] = await Promise.all([
    new TestHost().start(),
    startEtcd(),
    freePort(),
    openAuthority(join(directory, 'webhooks'), 'webhook-ca'),
  ]);
  const hook = await WebhookServer.start(authority, ['127.0.0.1', 'hook.hooks.svc']);
  const followed: Resource<ApiObject>[] = [
    mutatingWebhookConfigurations,
    validatingWebhookConfigurations,
    resourceQuotas,
  ];
  const proxies = await openAuthority(join(directory, 'proxies'), 'front-proxy-ca');
  host.authentication = {
    'requestheader-client-ca-file': proxies.certificate,
    'requestheader-allowed-names': '[]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  };
  host.decide = () => ({ allowed: true });
  const { policies } = options;
  if (policies !== undefined) followed.push(admissionPolicies(policies), admissionPolicyBindings(policies));
  host.serve(services, endpoints);
  if (policies !== undefined) host.serve(admissionPolicies(policies), admissionPolicyBindings(policies));
  host.put(resources.namespaces, namespace('default'));
  host.unwatched = ({ plural }) => ['services', 'endpoints'].includes(plural);
  options.prepare?.(host);
  const running = await run(directory, host, etcd, port, options.routing ?? 'endpoints');
  const own = await openAuthority(join(directory, 'pki'), 'torpor-ca');
  const pair = await issue(own, { commonName: 'anna', organizations: ['system:masters', 'staff'] });
  const ca = own.certificate;
  const client = ({ certificate: cert, key }: KeyPair) =>
    supertest.agent(`https://127.0.0.1:${port}`, { ca, cert, key } as never).set('User-Agent', 'suite/1');
  const admin = client(pair);
  const caBundle = Buffer.from(authority.certificate).toString('base64');
  const register = async (kind: Resource<ApiObject>, name: string, webhooks: readonly Webhook[]): Promise<void> => {
    host.put(kind, { metadata: { name }, webhooks } as never);
    await settled();
  };
  // Both servers are in this process: what the host has written is read within the next rounds of the event loop.
  const settled = async (): Promise<void> => {
    await until(async () => host.watched, Boolean);
    await delay(100);
  };
  return {
    host,
    hook,
    authority,
    port,
    admin,
    pair,
    as: async (commonName) => client(await issue(own, { commonName })),
    ca,
    webhook: (name, more = {}) => ({
      name,
      clientConfig: { url: `https://127.0.0.1:${hook.port}/${name}`, caBundle },
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: '*' }],
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
      ...more,
    }),
    mutate: (name, ...webhooks) => register(mutatingWebhookConfigurations, name, webhooks),
    validate: (name, ...webhooks) => register(validatingWebhookConfigurations, name, webhooks),
    settled,
    metrics: async () => (await admin.get('/metrics')).text,
    async reset() {
      host.clear(...followed);
      host.intercept = undefined;
      host.decide = () => ({ allowed: true });
      hook.reset();
      await settled();
    },
    async stop() {
      await running.stop(0);
      await etcd.stop();
      await host.stop();
      await hook.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const namespace = (
  name: string,
  labels: Readonly<Record<string, string>> = {},
  phase: 'Active' | 'Terminating' = 'Active',
) => ({
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  status: { phase },
});

async function run(directory: string, host: TestHost, etcd: TemporaryEtcd, port: number, routing: string) {
  await writeFile(join(directory, 'host.kubeconfig'), host.kubeconfig);
  const logger = createLogger('test', { level: (process.env.TORPOR_LOG_LEVEL ?? 'fatal') as 'fatal' });
  const shutdown = new Shutdown({ logger, exit: () => undefined });
  const outcome = parseFlags({ name: 'test', about: '', flags: apiserverFlags }, [
    `--kubeconfig=${directory}/host.kubeconfig`,
    `--host-service-routing=${routing}`,
    `--cert-dir=${directory}/pki`,
    `--etcd-servers=${etcd.endpoint}`,
    `--secure-port=${port}`,
  ]);
  if (outcome.kind !== 'run') throw new Error(outcome.text);
  await runApiServer({ flags: outcome.flags, version: 'v0.1.0', logger, shutdown });
  return shutdown;
}

/** Asks until the answer is as wanted; fails with the last answer after 10 s. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (attempt >= 200) throw new Error(`the wanted answer never came; the last was ${JSON.stringify(answer)}`);
    await delay(50);
  }
}
