import { chmod, chown, copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../base/atomic-write.ts';
import { flagsOrExit } from '../../base/flags.ts';
import { imageNamed } from '../images/catalog.ts';
import { publish } from '../images/publish.ts';
import { bringUp } from './bring-up.ts';
import { start, stateOf } from './detached.ts';
import { ensureEtcdCertificates } from './etcd-certificates.ts';
import { type Home, homeAt, makeHome } from './home.ts';
import { addContext, linkPlugin, ownerBehindSudo } from './kubectl-context.ts';
import { portMustBeFree } from './port-must-be-free.ts';
import { createProgress, type Progress } from './progress.ts';
import { type ReadyContext, waitReady } from './ready.ts';
import { registryConfiguration, registryConfigurationFile, type Service, services } from './services.ts';
import { dist, PLUGIN_LINK, personalKubeconfig, portsOf, sourceRoot, upFlags } from './settings.ts';

/**
 * hack/up after installing and building: brings the five processes to what is wanted, waits for each until it answers by
 * itself, and publishes guest images.
 */
const READY_MS = 60_000;

function portsTaken(service: Service, context: ReadyContext): readonly number[] {
  const { ports } = context;
  switch (service.name) {
    case 'etcd':
      return [ports.etcd, ports.etcdPeer];
    case 'registry':
      return [ports.registry];
    case 'apiserver':
      return [ports.apiserver];
    case 'reconcilers':
      return [ports.reconcilers];
    case 'launcher':
      return [ports.launcher];
  }
}

/** Files that processes are started with: the supervisor, the plugin, the registry's configuration. */
async function prepareFiles(home: Home, registryPort: number): Promise<void> {
  await writeAtomically(registryConfigurationFile(home), registryConfiguration(home, registryPort));
  const supervisor = path.join(home.bin, 'supervisor');
  const built = path.join(dist, 'supervisor');
  const same = await Promise.all([readFile(built), readFile(supervisor).catch(() => undefined)]);
  if (same[1] === undefined || !same[0].equals(same[1])) {
    // Renamed into place: running supervisors keep their own file.
    await copyFile(built, `${supervisor}.new`);
    await chmod(`${supervisor}.new`, 0o755);
    await rename(`${supervisor}.new`, supervisor);
  }
  const plugin = path.join(home.bin, 'kubectl-vm');
  const script = `#!/bin/sh\nexec ${process.execPath} --enable-source-maps ${path.join(dist, 'kubectl-vm.mjs')} "$@"\n`;
  await writeFile(plugin, script, { mode: 0o755 });
}

async function publishImages(
  names: readonly string[],
  home: Home,
  registry: string,
  progress: Progress,
): Promise<void> {
  for (const name of names) {
    await progress.step(
      `guest image ${name}`,
      () => publish(imageNamed(name), { directory: home.images, registry, say: () => {} }),
      (done) => `${done.built ? 'built' : 'cached'}, ${done.pushed ? 'pushed' : 'already published'}`,
    );
  }
}

async function publishInBackground(names: readonly string[], home: Home, registry: string): Promise<void> {
  const name = 'images';
  if ((await stateOf(home, name)).kind === 'running') return;
  await start(home, {
    name,
    command: path.join(sourceRoot, 'hack/images/publish'),
    args: names,
    environment: { TORPOR_HOME: home.root, TORPOR_REGISTRY: registry, HOME: process.env.HOME ?? '/root' },
    files: [],
  });
}

async function main(): Promise<void> {
  const flags = flagsOrExit({ name: 'hack/up', about: 'Starts Torpor on this machine.', flags: upFlags });
  if (process.getuid?.() !== 0) throw new Error('must run as root; ./hack/up takes care of that');
  const images = flags.images.map((name) => imageNamed(name).name);
  const home = homeAt(flags.home);
  const ports = portsOf(flags);
  const nodeName = flags['node-name'];
  const context: ReadyContext = { home, ports, nodeName };
  const progress = createProgress();
  await makeHome(home);
  await ensureEtcdCertificates(home);
  await prepareFiles(home, ports.registry);

  for (const service of services({ home, ports, nodeName, dist, networkCidr: flags['network-cidr'] })) {
    await progress.step(
      service.title,
      async () => {
        if ((await stateOf(home, service.name)).kind !== 'running') {
          for (const port of portsTaken(service, context))
            await portMustBeFree({ port, what: service.title, flag: `--${service.name}-port` });
        }
        const outcome = await bringUp(service, home);
        await waitReady(service, context, READY_MS);
        return outcome;
      },
      (outcome) => outcome,
    );
  }

  const registry = `localhost:${ports.registry}`;
  const [first, ...later] = images;
  if (first !== undefined) await publishImages([first], home, registry, progress);
  if (later.length > 0 && flags['wait-for-images']) await publishImages(later, home, registry, progress);
  else if (later.length > 0) await publishInBackground(later, home, registry);

  const owner = ownerBehindSudo();
  if (owner !== undefined) await chown(home.kubeconfig, owner.uid, owner.gid);
  const merge = flags['merge-kubeconfig'];
  const plugin = merge && (await linkPlugin(PLUGIN_LINK, path.join(home.bin, 'kubectl-vm')));
  const current = merge && (await addContext(personalKubeconfig(), home.kubeconfig, owner)).current;
  printEnd(home, { current, plugin, background: flags['wait-for-images'] ? [] : later });
}

function printEnd(home: Home, end: { current: boolean; plugin: boolean; background: readonly string[] }): void {
  const lines = ['', 'Torpor is up. Try:', ''];
  if (!end.current) lines.push(`  export KUBECONFIG=${home.kubeconfig}`);
  lines.push(
    `  kubectl apply -f ${path.relative(process.cwd(), path.join(sourceRoot, 'examples/tiny.yaml'))}`,
    '  kubectl get vms --watch',
    `  ${end.plugin ? 'kubectl vm' : path.join(home.bin, 'kubectl-vm')} console tiny      # root, password tiny; leave with Ctrl-]`,
    '',
  );
  if (!end.plugin) lines.push(`Put ${home.bin} on your PATH for "kubectl vm".`);
  if (end.background.length > 0) {
    lines.push(`Still being built in the background: ${end.background.join(', ')} (log: ${home.log}/images.log).`);
  }
  lines.push(`State and logs: ${home.root}. Stop with ./hack/down.`, '');
  process.stdout.write(lines.join('\n'));
}

main().catch((error: unknown) => {
  console.error(`\nhack/up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
