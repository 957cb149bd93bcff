import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { sleep } from '../../base/backoff.ts';
import { openAuthority } from '../../base/certificates/authority.ts';
import { sourceRoot } from '../embedded/settings.ts';
import type { ClusterHome } from './home.ts';

/**
 * Makes torpor.dev a part of the cluster's API: the manifests of deploy/aggregated, with what differs for an API server
 * that is no Pod. Its Service has no selector but the endpoint on this machine. This comes before the API server starts,
 * which needs the rights that stand there.
 */
const MANIFESTS = path.join(sourceRoot, 'deploy/aggregated');
const API_SERVICE = 'v1alpha1.torpor.dev';
/** kube-apiserver looks for documents once a minute. */
const USED_MS = 150_000;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export async function registerTorpor(home: ClusterHome, address: string, port: number): Promise<void> {
  // The API server makes it at its first start, which comes after this, and takes what is there.
  const { certificate: authority } = await openAuthority(home.torpor.pki, 'torpor-ca');
  const manifests = (await shipped()).flatMap((manifest) => asProcess(manifest, authority, address, port));
  // The namespace comes first.
  manifests.sort((a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'));
  await kubectl(home, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
}

/** Resolves when kube-apiserver calls the APIService available, passes requests on and describes the kinds. */
export async function torporIsServed(home: ClusterHome): Promise<void> {
  await kubectl(home, ['wait', `apiservice/${API_SERVICE}`, '--for=condition=Available', '--timeout=60s']);
  // The condition may still be that of an API server that was here before.
  await answers(home, '/apis/torpor.dev/v1alpha1', '"virtualmachines"');
  // kube-apiserver fetches the description of the kinds in its own time; kubectl explain and validation need it.
  await answers(home, '/openapi/v2', '"dev.torpor.v1alpha1.VirtualMachine"');
}

/** Waits until kube-apiserver answers with a document that has the text in it. */
async function answers(home: ClusterHome, document: string, text: string): Promise<void> {
  const deadline = performance.now() + USED_MS;
  for (;;) {
    let trouble: unknown = new Error(`kube-apiserver's ${document} has no ${text}`);
    try {
      if ((await kubectl(home, ['get', '--raw', document])).includes(text)) return;
    } catch (error) {
      trouble = error;
    }
    if (performance.now() > deadline) throw trouble;
    await sleep(300);
  }
}

async function shipped(): Promise<Manifest[]> {
  const files = (await readdir(MANIFESTS)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(path.join(MANIFESTS, name), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
}

function asProcess(manifest: Manifest, authority: string, address: string, port: number): readonly Manifest[] {
  switch (manifest.kind) {
    case 'APIService':
      return [{ ...manifest, spec: { ...manifest.spec, caBundle: Buffer.from(authority).toString('base64') } }];
    case 'Service': {
      const { selector: _, ...spec } = manifest.spec ?? {};
      const { name, namespace } = manifest.metadata;
      const endpoints = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
        subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port }] }],
      };
      return [{ ...manifest, spec }, endpoints];
    }
    default:
      return [manifest];
  }
}

function kubectl(home: ClusterHome, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', [`--kubeconfig=${home.kubeconfig}`, ...args], { timeout: 90_000 });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    child.once('error', (error) => reject(new Error(`kubectl cannot be started: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`kubectl ${args.join(' ')} ended with ${code}: ${said}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
