/** A machine that boots nothing: nobody runs machines in this cluster, but everything else about them is real. */
export function machine(name: string, more: { readonly metadata?: object; readonly spec?: object } = {}) {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, ...more.metadata },
    spec: {
      domain: { cpu: { cores: 1 }, memory: { guest: '128Mi' }, devices: { disks: [{ name: 'root', disk: {} }] } },
      volumes: [{ name: 'root', registryDisk: { image: 'localhost:5000/tiny' } }],
      ...more.spec,
    },
  };
}
