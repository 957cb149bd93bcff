import type { FlagValues } from '../../base/flags.ts';
import type { Logger } from '../../base/log.ts';
import type { CertificatePool } from '../access/authentication/certificate-pool.ts';
import { clientCertificates } from '../access/authentication/client-certificate.ts';
import { frontProxy } from '../access/authentication/front-proxy.ts';
import type { Authenticator } from '../access/authentication/outcome.ts';
import { foreign } from '../access/authentication/reserved.ts';
import { AuthenticationConfiguration } from '../cluster/authentication-configuration.ts';
import type { HostCluster } from '../cluster/host-cluster.ts';
import { followAuthorities } from './authorities.ts';
import type { apiserverFlags } from './flags.ts';
import type { Check } from './health.ts';
import type { WatchedFiles } from './watched-files.ts';

/** Who is recognized by a certificate, and by what a front proxy says. */
export interface CertificateAuthentication {
  /** In the order in which they are asked: the front proxy before the rest. */
  readonly authenticators: readonly Authenticator[];
  /** PEM of every authority whose certificates count now; TLS tells clients. */
  authorities(): string;
  onChange(listener: () => void): void;
  readonly ready: readonly Check[];
  close(): void;
}

/**
 * Our own authority, and what flags or else the host cluster name. A flag for authorities overrides that part of what the
 * cluster says, as with kube-apiserver's own extension servers.
 */
export async function certificateAuthentication(
  ownFile: string,
  flags: FlagValues<typeof apiserverFlags>,
  cluster: HostCluster | undefined,
  logger: Logger,
): Promise<CertificateAuthentication> {
  const files = (path: string | undefined) => (path === undefined ? undefined : followAuthorities(path, logger));
  const own = await followAuthorities(ownFile, logger);
  const users = await files(flags['client-ca-file']);
  const proxies = await files(flags['requestheader-client-ca-file']);
  const lookup = cluster !== undefined && !flags['authentication-skip-lookup'];
  const asked = lookup && (users === undefined || proxies === undefined);
  const configuration = asked ? new AuthenticationConfiguration(cluster, logger) : undefined;

  const userPool = (): CertificatePool | undefined => (users ?? { value: configuration?.users }).value;
  const proxyRules = () =>
    proxies === undefined
      ? configuration?.proxy
      : {
          pool: proxies.value,
          allowedNames: flags['requestheader-allowed-names'],
          usernameHeaders: flags['requestheader-username-headers'],
          uidHeaders: flags['requestheader-uid-headers'],
          groupHeaders: flags['requestheader-group-headers'],
          extraHeaderPrefixes: flags['requestheader-extra-headers-prefix'],
        };
  const watched: readonly (WatchedFiles<CertificatePool> | undefined)[] = [own, users, proxies];
  const check = (): void => {
    if (configuration?.unready !== undefined) throw new Error(configuration.unready);
  };
  return {
    authenticators: [
      foreign(frontProxy(proxyRules)),
      clientCertificates(() => own.value),
      foreign(clientCertificates(userPool)),
    ],
    authorities: () => [own.value, userPool(), proxyRules()?.pool].map((pool) => pool?.pem ?? '').join(''),
    onChange(listener) {
      for (const one of watched) one?.onChange(listener);
      configuration?.onChange(listener);
    },
    ready: configuration === undefined ? [] : [{ name: 'extension-apiserver-authentication', check }],
    close() {
      for (const one of watched) one?.close();
    },
  };
}
