/** Our whole server behind a host cluster under the test's control, over a real etcd, with a webhook to ask. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type supertest from 'supertest';
import {
  admissionPolicies,
  admissionPolicyBindings,
  mutatingWebhookConfigurations,
  resourceQuotas,
  validatingWebhookConfigurations,
  type Webhook,
} from '../../apiserver/admission/kinds.ts';
import { type Authority, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { type ApiObject, type Resource, resources } from '../../openapi/client/resources.ts';
import { WebhookServer } from '../harness/webhook-server.ts';
import { TestHost } from './test-host.ts';
import { startWholeServer, until } from './whole-server.ts';

export const services = core('services', 'Service');
export const endpoints = core('endpoints', 'Endpoints');

function core(plural: string, kind: string): Resource<ApiObject> {
  return { group: '', version: 'v1', plural, kind, namespaced: true };
}

type HttpClient = ReturnType<typeof supertest.agent>;

export interface AdmissionServer {
  readonly host: TestHost;
  readonly hook: WebhookServer;
  readonly port: number;
  readonly admin: HttpClient;
  /** Of `admin`, and whom it trusts, for clients of other kinds. */
  readonly pair: KeyPair;
  readonly ca: string;
  /** Somebody whose rights the host decides about. */
  as(commonName: string): Promise<HttpClient>;
  /** A webhook of this name, at the path of its name, that wants everything unless told otherwise. */
  webhook(name: string, more?: Partial<Webhook>): Webhook;
  mutate(configuration: string, ...webhooks: readonly Webhook[]): Promise<void>;
  validate(configuration: string, ...webhooks: readonly Webhook[]): Promise<void>;
  /** Resolves when the server has seen the host as it is now. */
  settled(): Promise<void>;
  metrics(): Promise<string>;
  /** The annotations of the audit events of one object, latest last. */
  audited(name: string): Promise<readonly Readonly<Record<string, string>>[]>;
  /** Nothing is registered and everything is allowed again. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface AdmissionServerOptions {
  /** The host cluster has ValidatingAdmissionPolicies of this version. */
  readonly policies?: 'v1' | 'v1beta1';
  /** Called before the server starts. */
  readonly prepare?: (host: TestHost) => void;
}

interface AuditEvent {
  readonly objectRef?: { readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  rules: [{ level: 'Metadata', verbs: ['create'] }, { level: 'None' }],
});

export async function startAdmissionServer(options: AdmissionServerOptions = {}): Promise<AdmissionServer> {
  const keys = await mkdtemp(join(tmpdir(), 'torpor-webhooks-'));
  const authority = await openAuthority(join(keys, 'webhooks'), 'webhook-ca');
  const hook = await WebhookServer.start(authority, ['127.0.0.1', 'hook.hooks.svc']);
  const host = await new TestHost().start();
  host.authentication = await authentication(keys);
  host.decide = () => ({ allowed: true });
  host.serve(services, endpoints);
  host.unwatched = ({ plural }) => ['services', 'endpoints'].includes(plural);
  const { policies } = options;
  const rules: Resource<ApiObject>[] = [mutatingWebhookConfigurations, validatingWebhookConfigurations, resourceQuotas];
  if (policies !== undefined) {
    const kinds = [admissionPolicies(policies), admissionPolicyBindings(policies)];
    host.serve(...kinds);
    rules.push(...kinds);
  }
  host.put(resources.namespaces, namespace('default'));
  options.prepare?.(host);
  const server = await startWholeServer(async (directory) => {
    await writeFile(join(directory, 'host.kubeconfig'), host.kubeconfig);
    await writeFile(join(directory, 'audit.json'), auditPolicy);
    return [
      `--kubeconfig=${directory}/host.kubeconfig`,
      `--audit-policy-file=${directory}/audit.json`,
      `--audit-log-path=${directory}/audit.log`,
    ];
  });
  const pair = await server.user('anna', 'system:masters', 'staff');
  const admin = server.as(pair);
  const caBundle = Buffer.from(authority.certificate).toString('base64');
  // Both servers are in this process: what the host has written is read within the next rounds of the event loop.
  const settled = async (): Promise<void> => {
    await until(async () => host.watched, Boolean);
    await delay(100);
  };
  const register = async (kind: Resource<ApiObject>, name: string, webhooks: readonly Webhook[]): Promise<void> => {
    host.put(kind, { metadata: { name }, webhooks } as never);
    await settled();
  };
  return {
    host,
    hook,
    port: server.port,
    admin,
    pair,
    ca: server.own.certificate,
    as: async (commonName) => server.as(await server.user(commonName)),
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
    async audited(name) {
      const events = async () =>
        (await readFile(join(server.directory, 'audit.log'), 'utf8'))
          .split('\n')
          .filter((line) => line.includes('"ResponseComplete"'))
          .map((line) => JSON.parse(line) as AuditEvent)
          .filter(({ objectRef }) => objectRef?.name === name);
      return (await until(events, ({ length }) => length > 0)).map(({ annotations }) => annotations ?? {});
    },
    async reset() {
      host.clear(...rules);
      host.intercept = undefined;
      host.decide = () => ({ allowed: true });
      hook.reset();
      await settled();
    },
    async stop() {
      await server.stop();
      await host.stop();
      await hook.stop();
      await rm(keys, { recursive: true, force: true });
    },
  };
}

/** What the server wants to know before it is ready; nobody comes through a front proxy here. */
async function authentication(directory: string): Promise<Record<string, string>> {
  const proxies: Authority = await openAuthority(join(directory, 'proxies'), 'front-proxy-ca');
  return {
    'requestheader-client-ca-file': proxies.certificate,
    'requestheader-allowed-names': '[]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
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
