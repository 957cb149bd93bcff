import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimLocation, VolumeContext } from '../../launcher/volumes/volume.ts';
import type { VirtualMachine, Volume } from '../../openapi/api.ts';

/** What the agent would hand to a volume: objects that a test puts here by name, and a boot directory of its own. */
export interface FakeContext extends VolumeContext {
  readonly secrets: Map<string, Map<string, Buffer>>;
  readonly configMaps: Map<string, Map<string, Buffer>>;
  readonly claims: Map<string, ClaimLocation>;
  readonly messages: string[];
  /** Another boot directory, as after a restart of the machine. */
  nextBoot(): Promise<FakeContext>;
  remove(): Promise<void>;
}

/** An unprivileged user that owns nothing else. */
const USER = 23456;

export async function createVolumeContext(machine: VirtualMachine = machineWith([])): Promise<FakeContext> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-boot-'));
  const context: FakeContext = {
    machine,
    bootDirectory: directory,
    uid: USER,
    gid: USER,
    signal: new AbortController().signal,
    secrets: new Map(),
    configMaps: new Map(),
    claims: new Map(),
    messages: [],
    progress: (name, message) => context.messages.push(`${name}: ${message}`),
    readSecret: async (name) => context.secrets.get(name),
    readConfigMap: async (name) => context.configMaps.get(name),
    locateClaim: async (name) => context.claims.get(name),
    nextBoot: async () => {
      const { secrets, configMaps, claims } = context;
      return {
        ...(await createVolumeContext(machine)),
        secrets,
        configMaps,
        claims,
        ...readers(secrets, configMaps, claims),
      };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
  return context;
}

function readers(
  secrets: FakeContext['secrets'],
  configMaps: FakeContext['configMaps'],
  claims: FakeContext['claims'],
): Pick<VolumeContext, 'readSecret' | 'readConfigMap' | 'locateClaim'> {
  return {
    readSecret: async (name) => secrets.get(name),
    readConfigMap: async (name) => configMaps.get(name),
    locateClaim: async (name) => claims.get(name),
  };
}

export function machineWith(volumes: readonly Volume[], spec: Record<string, unknown> = {}): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web.example', namespace: 'default', uid: '0D9E1A2B-0000-4000-8000-000000000042' },
    spec: { domain: {}, volumes, ...spec },
  } as unknown as VirtualMachine;
}
