import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * The kubectls that must work, from the packages of three releases of Debian: the oldest (1.20, which knows only
 * /openapi/v2 in protobuf), one of the middle and the newest. They are unpacked beside each other in a cache directory,
 * so that none stands in the way of another or of the machine's own.
 *
 * TORPOR_TEST_CACHE is another directory for them than /var/cache/torpor-test.
 */
export interface Kubectl {
  readonly release: KubectlRelease;
  /** Major and minor, for example `1.32`. The newest moves with its release of Debian. */
  readonly version: string;
  /** Path of the program. */
  readonly program: string;
}

const PACKAGES = { bookworm: 'kubernetes-client', trixie: 'kubectl', forky: 'kubectl' } as const;

/** Oldest first: 1.20, 1.32, 1.36 or later. */
export const KUBECTL_RELEASES = ['bookworm', 'trixie', 'forky'] as const satisfies (keyof typeof PACKAGES)[];

export type KubectlRelease = (typeof KUBECTL_RELEASES)[number];

const run = promisify(execFile);
const aptRelease = fileURLToPath(new URL('../../hack/install/apt-release', import.meta.url));

/** All of them, oldest first; fetches what is not there yet. */
export async function kubectls(): Promise<readonly Kubectl[]> {
  const all: Kubectl[] = [];
  for (const release of KUBECTL_RELEASES) all.push(await kubectlOf(release));
  return all;
}

export async function kubectlOf(release: KubectlRelease): Promise<Kubectl> {
  const cache = join(process.env.TORPOR_TEST_CACHE ?? '/var/cache/torpor-test', 'kubectl');
  const directory = join(cache, release);
  const program = join(directory, 'usr/bin/kubectl');
  if (!(await exists(program))) await unpack(release, cache, directory);
  return { release, program, version: (await readFile(join(directory, VERSION_FILE), 'utf8')).trim() };
}

const VERSION_FILE = 'version';

async function unpack(release: KubectlRelease, cache: string, directory: string): Promise<void> {
  const name = PACKAGES[release];
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'unpack-'));
  const apt = (...args: readonly string[]) => run(aptRelease, [release, ...args], { cwd: work });
  try {
    await apt('lists');
    const download = () => apt('apt-get', '-q', 'download', `${name}/${release}`);
    // Lists that were read long ago name a version that the archive may have replaced.
    await download().catch(async () => {
      await apt('update');
      await download();
    });
    // The name has the version in it; apt-get download leaves nothing else here.
    await run('sh', ['-c', `exec dpkg-deb -x ./${name}_*.deb unpacked`], { cwd: work });
    const unpacked = join(work, 'unpacked');
    await writeFile(join(unpacked, VERSION_FILE), `${await versionOf(join(unpacked, 'usr/bin/kubectl'))}\n`);
    // Renamed whole, so that another suite never sees half of it; when that one was faster, its directory stays.
    await rename(unpacked, directory).catch(async (error: unknown) => {
      if (!(await exists(join(directory, VERSION_FILE)))) throw error;
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`the kubectl of Debian ${release} cannot be fetched: ${said}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ['version', '--client', '--output=json']);
  const { major, minor } = (JSON.parse(stdout) as { clientVersion: { major: string; minor: string } }).clientVersion;
  return `${major}.${minor.replace(/\D+$/, '')}`;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
