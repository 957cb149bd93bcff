import { flag, flagsOrExit } from '../../base/flags.ts';
import { createProgress } from '../embedded/progress.ts';
import { ensureClusterCertificates } from './certificates.ts';
import { bringComponentUp, type Component } from './component.ts';
import { controlPlane, FIRST_SERVICE } from './control-plane.ts';
import { clusterHomeAt, makeClusterHome } from './home.ts';
import { writeKubeconfigs } from './kubeconfigs.ts';
import { addOwnAddress } from './own-address.ts';
import { registerTorpor, torporIsServed } from './register.ts';
import { checkedAddress, clusterPorts, upFlags } from './settings.ts';
import { torporApiserver, torporReconcilers } from './torpor.ts';

/**
 * hack/cluster up, after building: brings the control plane of a real Kubernetes to what is wanted and waits until each
 * process answers; with --torpor, Torpor behind it, too. Run again it starts what died, restarts what
 * changed and leaves the rest alone.
 */
const flags = {
  ...upFlags,
  programs: flag.directory({ about: "Kubernetes' programs, as hack/kubernetes/build names them.", required: true }),
};

async function main(): Promise<void> {
  const given = flagsOrExit({ name: 'hack/cluster up', about: 'Starts a Kubernetes control plane.', flags });
  if (process.getuid?.() !== 0) throw new Error('must run as root; ./hack/cluster takes care of that');
  const address = checkedAddress(given.address);
  const home = clusterHomeAt(given.home);
  const ports = clusterPorts(given['port-base']);
  const progress = createProgress();
  await makeClusterHome(home);
  await ensureClusterCertificates(home, address, FIRST_SERVICE);
  await writeKubeconfigs(home, `https://${address}:${ports.apiserver}`);
  await addOwnAddress(home, address);

  const bringUp = (component: Component) =>
    progress.step(
      component.title,
      () => bringComponentUp(component, home),
      (outcome) => outcome,
    );
  const [etcd, apiserver, ...others] = controlPlane({ home, ports, programs: given.programs, address });
  await bringUp(etcd);
  await bringUp(apiserver);
  if (given.torpor) {
    await progress.step('registration of torpor.dev', () => registerTorpor(home, address, ports.torpor.apiserver));
    for (const component of torporApiserver(home, ports.torpor, address)) await bringUp(component);
    await progress.step('torpor.dev in the API', () => torporIsServed(home));
  }
  // The controller manager looks for kinds when it starts and then only now and then: ours are there before it.
  for (const component of others) await bringUp(component);
  if (given.torpor) await bringUp(torporReconcilers(home, ports.torpor));
  const named = given.home === homeDefault ? '' : ` --home=${home.root}`;
  process.stdout.write(
    [
      '',
      `The cluster is up. Try:`,
      '',
      `  eval "$(hack/cluster env${named})"`,
      '  kubectl get apiservices',
      '',
      '',
    ].join('\n'),
  );
}

const homeDefault = upFlags.home.fallback;

main().catch((error: unknown) => {
  console.error(`\nhack/cluster up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
