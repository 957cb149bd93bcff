import type { Logger } from '../../base/log.ts';
import type { ConfigMap } from '../../openapi/api.ts';
import type { Informer } from '../../openapi/client/informer.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type CertificatePool, parsePool } from '../access/authentication/certificate-pool.ts';
import type { FrontProxyRules } from '../access/authentication/front-proxy.ts';
import type { HostCluster } from './host-cluster.ts';

/**
 * How the host cluster's kube-apiserver recognizes its callers, and how it shows itself to us: the ConfigMap
 * kube-system/extension-apiserver-authentication, which it keeps up to date itself.
 *
 * N1  Changes are applied within moments and without a restart, whenever they come.
 * N2  `users` and `proxy` are each the last that could be read. What is broken, or gone, is logged once and changes
 *     nothing: a slip in kube-system must not lock everybody out.
 * N3  Until it has been read for the first time `unready` says so, and nobody is recognized by it.
 */
export class AuthenticationConfiguration {
  readonly #informer: Informer<ConfigMap>;
  readonly #logger: Logger;
  readonly #listeners: (() => void)[] = [];
  #users: CertificatePool | undefined;
  #proxy: FrontProxyRules | undefined;
  #read = false;
  #complaint = '';

  constructor(cluster: HostCluster, logger: Logger) {
    this.#logger = logger;
    this.#informer = cluster.follow(resources.configMaps, {
      as: cluster.authentication,
      namespace: NAMESPACE,
      fieldSelector: `metadata.name=${NAME}`,
      onListed: () => this.#look(),
    });
    this.#informer.onKey(() => this.#look());
  }

  /** Authorities of the cluster's client certificates. */
  get users(): CertificatePool | undefined {
    return this.#users;
  }

  get proxy(): FrontProxyRules | undefined {
    return this.#proxy;
  }

  get unready(): string | undefined {
    if (this.#read) return undefined;
    if (this.#informer.synced) return `the ConfigMap ${NAMESPACE}/${NAME} does not exist`;
    return `the ConfigMap ${NAMESPACE}/${NAME} has not been read; who runs this server needs the Role extension-apiserver-authentication-reader there`;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #look(): void {
    const { data } = this.#informer.get(`${NAMESPACE}/${NAME}`) ?? {};
    const problems: string[] = [];
    const attempt = <T>(before: T, read: () => T): T => {
      try {
        return read();
      } catch (error) {
        problems.push((error as Error).message);
        return before;
      }
    };
    if (data === undefined) problems.push('it is gone');
    else {
      this.#users = attempt(this.#users, () => readUsers(data) ?? this.#users);
      this.#proxy = attempt(this.#proxy, () => readProxy(data) ?? this.#proxy);
      this.#read = true;
    }
    const complaint = problems.join('; ');
    if (complaint !== '' && complaint !== this.#complaint) {
      this.#logger.error(
        { problems, configMap: `${NAMESPACE}/${NAME}` },
        'parts of it cannot be used, what stood counts on',
      );
    }
    this.#complaint = complaint;
    for (const listener of this.#listeners) listener();
  }
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

type Data = Readonly<Record<string, string>>;

function readUsers(data: Data): CertificatePool | undefined {
  const pem = data['client-ca-file'];
  return pem === undefined ? undefined : parsePool(pem, 'client-ca-file');
}

function readProxy(data: Data): FrontProxyRules | undefined {
  const pem = data['requestheader-client-ca-file'];
  if (pem === undefined) return undefined;
  return {
    pool: parsePool(pem, 'requestheader-client-ca-file'),
    allowedNames: readList(data, 'requestheader-allowed-names'),
    usernameHeaders: readList(data, 'requestheader-username-headers'),
    uidHeaders: readList(data, 'requestheader-uid-headers'),
    groupHeaders: readList(data, 'requestheader-group-headers'),
    extraHeaderPrefixes: readList(data, 'requestheader-extra-headers-prefix'),
  };
}

/** Each list is a JSON array in a string; absent = empty. */
function readList(data: Data, key: string): readonly string[] {
  const text = data[key];
  if (text === undefined || text === '') return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw new Error(`${key} is no JSON array of strings`);
  }
  return list;
}
