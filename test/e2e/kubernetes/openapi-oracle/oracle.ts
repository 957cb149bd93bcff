import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../../..');
const source = join(import.meta.dirname, 'main.go');

/** What Kubernetes' libraries found; main.go says what each is. */
export interface Report {
  readonly sameInProtobuf: boolean;
  readonly kinds: readonly string[];
  readonly faults: readonly string[];
  readonly mergedDefinitions: readonly string[];
  readonly mergedPaths: readonly string[];
  readonly mergedKinds: number;
}

export interface Oracle {
  /** The OpenAPI 2.0 document of a cluster of Kubernetes 1.20, as a file. */
  readonly cluster: string;
  /**
   * @param manifests objects that kubectl judges.
   * @param merge into the cluster's document, too.
   * @throws Error with what a library said.
   */
  ask(document: object, protobuf: Buffer, manifests: readonly object[], merge: boolean): Promise<Report>;
}

/**
 * The program is built once for each content of main.go, in a minute, from what is vendored in Debian's source package
 * of Kubernetes. TORPOR_TEST_CACHE is another directory for it than /var/cache/torpor-test.
 */
export async function openOracle(): Promise<Oracle> {
  const { stdout } = await run(join(root, 'hack/kubernetes/source'), { maxBuffer: 2 ** 24 });
  const gopath = stdout.trim();
  const program = await built(gopath);
  const cluster = join(gopath, 'src/k8s.io/kubernetes/api/openapi-spec/swagger.json');
  return {
    cluster,
    async ask(document, protobuf, manifests, merge) {
      const directory = await mkdtemp(join(tmpdir(), 'torpor-oracle-'));
      try {
        const file = (name: string) => join(directory, name);
        await writeFile(file('document.json'), JSON.stringify(document));
        await writeFile(file('document.pb'), protobuf);
        await writeFile(file('manifests.json'), JSON.stringify(manifests));
        const files = ['document.json', 'document.pb', 'manifests.json'].map(file);
        const ran = await run(program, merge ? [...files, cluster] : files, { maxBuffer: 2 ** 26 });
        return JSON.parse(ran.stdout) as Report;
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

async function built(gopath: string): Promise<string> {
  const cache = process.env.TORPOR_TEST_CACHE ?? '/var/cache/torpor-test';
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16);
  const program = join(cache, `openapi-oracle-${hash}`);
  if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'oracle-'));
  try {
    const tree = join(gopath, 'src/k8s.io/kubernetes');
    // Go takes the file for one of the tree, where the vendored packages are seen.
    const overlay = { Replace: { [join(tree, 'cmd/openapi-oracle/main.go')]: source } };
    await writeFile(join(work, 'overlay.json'), JSON.stringify(overlay));
    const { GOFLAGS: _flags, GOROOT: _root, ...environment } = process.env;
    await run(
      'go',
      ['build', '-overlay', join(work, 'overlay.json'), '-o', join(work, 'program'), './cmd/openapi-oracle'],
      {
        cwd: tree,
        env: { ...environment, GOPATH: gopath, GOCACHE: join(work, 'cache'), GO111MODULE: 'off', CGO_ENABLED: '0' },
        maxBuffer: 2 ** 24,
      },
    );
    await rename(join(work, 'program'), program);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
