/** Our whole server behind a host cluster under the test's control. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, type KeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { issue } from './injected-server.ts';
import { TestHost } from './test-host.ts';
import { startWholeServer, type WholeServer } from './whole-server.ts';

export interface BehindHost extends WholeServer {
  readonly host: TestHost;
  /** Of the host cluster's users. */
  readonly users: Authority;
  /** Of its front proxy. */
  readonly proxies: Authority;
  /** A user of the host cluster. */
  user(commonName: string, ...organizations: string[]): Promise<KeyPair>;
  /** What the ConfigMap says in the ordinary case, with some of it changed. */
  authentication(changed?: Record<string, string>): Record<string, string>;
}

export async function startBehindHost(...flags: string[]): Promise<BehindHost> {
  const host = await new TestHost().start();
  const made: Authority[] = [];
  const [users, proxies] = [() => made[0] as Authority, () => made[1] as Authority];
  const authentication = (changed: Record<string, string> = {}) => ({
    'client-ca-file': users().certificate,
    'requestheader-client-ca-file': proxies().certificate,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    ...changed,
  });
  const server = await startWholeServer(async (directory) => {
    made.push(await openAuthority(join(directory, 'users'), 'kubernetes'));
    made.push(await openAuthority(join(directory, 'proxies'), 'front-proxy-ca'));
    host.authentication = authentication();
    await writeFile(join(directory, 'host.kubeconfig'), host.kubeconfig);
    return [`--kubeconfig=${directory}/host.kubeconfig`, ...flags];
  });
  return {
    ...server,
    host,
    users: users(),
    proxies: proxies(),
    authentication,
    user: (commonName, ...organizations) => issue(users(), { commonName, organizations }),
    async stop() {
      await server.stop();
      await host.stop();
    },
  };
}
