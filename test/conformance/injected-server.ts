/**
 * The real https server with its real chain, and in place of registry and store a destination that tells what arrived.
 * For suites about everything before the verbs.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import supertest from 'supertest';
import { bearerTokens } from '../../apiserver/access/authentication/bearer.ts';
import { parsePool } from '../../apiserver/access/authentication/certificate-pool.ts';
import { clientCertificates } from '../../apiserver/access/authentication/client-certificate.ts';
import { frontProxy } from '../../apiserver/access/authentication/front-proxy.ts';
import { createAuthentication } from '../../apiserver/access/authentication/union.ts';
import { healthPaths, superusers, unionAuthorizer } from '../../apiserver/access/authorization/union.ts';
import { fixedPolicy } from '../../apiserver/access/rbac/component-policy.ts';
import { rbacAuthorizer } from '../../apiserver/access/rbac/evaluate.ts';
import { joinSources, type RulesSource } from '../../apiserver/access/rbac/source.ts';
import { sendJson } from '../../apiserver/edge/respond.ts';
import type { ResourceDefinition } from '../../apiserver/registry/resource.ts';
import { type ApiServer, type ApiServerParts, createServer } from '../../apiserver/serving/api-server.ts';
import { ensureServerIdentities } from '../../apiserver/serving/identities.ts';
import { type Authority, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { newPrivateKey, type Subject, signCertificate } from '../../base/certificates/sign.ts';
import { createLogger } from '../../base/log.ts';
import { createMetrics } from '../../base/metrics.ts';

export interface InjectedServer {
  readonly server: ApiServer;
  readonly port: number;
  readonly url: string;
  readonly authority: Authority;
  /** Signs the front proxy's certificates; not the authority of users. */
  readonly proxyAuthority: Authority;
  readonly directory: string;
  /** supertest against the server, with a client certificate if one is given. */
  as(pair?: KeyPair): ReturnType<typeof supertest.agent>;
}

export const definition = (more: Partial<ResourceDefinition> & Pick<ResourceDefinition, 'kind' | 'plural'>) =>
  ({
    group: 'torpor.dev',
    version: 'v1alpha1',
    listKind: `${more.kind}List`,
    singular: more.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ['watch', 'update', 'patch', 'list', 'get', 'deletecollection', 'delete', 'create'],
    strategy: { hasStatus: true },
    table: { columns: [], cells: () => [] },
    subresources: [],
    ...more,
  }) satisfies ResourceDefinition;

export async function issue(
  authority: Authority,
  subject: Subject,
  usage: 'client' | 'server' = 'client',
  days = 1,
): Promise<KeyPair> {
  const key = await newPrivateKey();
  const publicKey = createPublicKey(createPrivateKey(key));
  const certificate = await signCertificate(
    { subject, usages: [usage], names: ['127.0.0.1', 'localhost'], days },
    publicKey,
    authority,
  );
  return { certificate, key };
}

export type Overrides = Partial<Omit<ApiServerParts, 'authorizer'>> & {
  readonly anonymous?: boolean;
  readonly rules?: RulesSource;
  readonly allowedNames?: readonly string[];
  readonly uidHeaders?: readonly string[];
};

export async function startInjected(directory: string, overrides: Overrides = {}): Promise<InjectedServer> {
  const { authority, serving } = await ensureServerIdentities(directory, '127.0.0.1');
  const proxyAuthority = await openAuthority(`${directory}/proxy`, 'front-proxy-ca');
  const users = parsePool(authority.certificate, 'ca.crt');
  const proxies = parsePool(proxyAuthority.certificate, 'proxy-ca.crt');
  const logger = createLogger('test', { level: 'fatal' });
  const source = overrides.rules === undefined ? fixedPolicy : joinSources(fixedPolicy, overrides.rules);
  const server = createServer({
    logger,
    metrics: createMetrics({ processMetrics: false }),
    version: '0.0.0',
    tls: { serving, clientAuthorities: users.pem + proxies.pem },
    resources: [definition({ kind: 'VirtualMachine', plural: 'virtualmachines' })],
    dispatch: async (context) => {
      const { info, user } = context;
      const { query, ...rest } = info;
      await sendJson(context, 200, { info: { ...rest, query: `${query}` }, user });
    },
    streamOf: async () => undefined,
    authenticate: createAuthentication({
      logger,
      anonymous: overrides.anonymous ?? true,
      authenticators: [
        frontProxy(() => ({
          pool: proxies,
          allowedNames: overrides.allowedNames ?? ['front-proxy-client'],
          usernameHeaders: ['X-Remote-User'],
          uidHeaders: overrides.uidHeaders ?? [],
          groupHeaders: ['X-Remote-Group'],
          extraHeaderPrefixes: ['X-Remote-Extra-'],
        })),
        clientCertificates(() => users),
        bearerTokens(async (token) =>
          token === 'good' ? { name: 'token-user', groups: ['system:masters'], extra: {} } : undefined,
        ),
      ],
    }),
    authorizer: unionAuthorizer([superusers, healthPaths, rbacAuthorizer(source)]),
    documents: {},
    live: [],
    ready: [],
    ...overrides,
  });
  const { port } = await server.start(0, '127.0.0.1');
  const url = `https://127.0.0.1:${port}`;
  return {
    server,
    port,
    url,
    authority,
    proxyAuthority,
    directory,
    as(pair) {
      const tls = { ca: authority.certificate, ...(pair ? { cert: pair.certificate, key: pair.key } : {}) };
      return supertest.agent(url, tls as never);
    },
  };
}
