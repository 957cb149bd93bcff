/** Machines for the suites: as a person writes them, not as they are stored. */
export interface MachineBody {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; [key: string]: unknown };
  // biome-ignore lint/suspicious/noExplicitAny: the suites put anything here, wrong things above all
  spec: any;
  status?: unknown;
}

export function machine(name: string, change: (body: MachineBody) => void = () => undefined): MachineBody {
  const body: MachineBody = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      domain: {
        cpu: { cores: 1 },
        memory: { guest: '128Mi' },
        devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] },
      },
      volumes: [{ name: 'root', registryDisk: { image: 'registry.example/tiny:1' } }],
    },
  };
  change(body);
  return body;
}

export function host(name: string) {
  return { apiVersion: 'torpor.dev/v1alpha1', kind: 'Host', metadata: { name }, spec: {} };
}

export function hostStatus(cpu: string, memory: string) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    status: {
      capacity: { cpu, memory },
      allocatable: { cpu, memory },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: 'ready', lastTransitionTime: now }],
    },
  };
}
