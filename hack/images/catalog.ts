import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * The guest images that can be built here, and their cache.
 *
 * G1  A disk is cached under a digest of its recipe (every file of it) and of the versions of the packages that it
 *     takes from the distribution, so a change of either builds anew and nothing else does.
 * G2  A disk appears under its name only when it is complete.
 * G3  Older disks of the same image are removed once the new one stands.
 */
const execute = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

export interface GuestImage {
  readonly name: string;
  readonly about: string;
  /** Program and arguments; the output directory is appended. */
  readonly build: readonly string[];
  /** Files and directories below hack/images that decide what is built. */
  readonly recipe: readonly string[];
  /** Debian packages whose candidate versions decide what is built. */
  readonly packages: readonly string[];
}

const TINY = ['tiny', 'assemble-disk'];

export const IMAGES: readonly GuestImage[] = [
  {
    name: 'tiny',
    about: 'busybox on the cloud kernel: virtio devices, boots in seconds',
    build: ['tiny/build', 'virtio'],
    recipe: TINY,
    packages: ['linux-image-cloud-amd64', 'qemu-guest-agent', 'busybox-static'],
  },
  {
    name: 'tiny-generic',
    about: 'the same on the ordinary kernel: also SATA, e1000e and RTL8139',
    build: ['tiny/build', 'generic'],
    recipe: TINY,
    packages: ['linux-image-amd64', 'qemu-guest-agent', 'busybox-static'],
  },
  {
    name: 'memtest',
    about: 'Memtest86+: a payload without an operating system',
    build: ['memtest/build'],
    recipe: ['memtest'],
    packages: ['memtest86+', 'syslinux'],
  },
  {
    name: 'debian',
    about: 'Debian 12 with cloud-init and the QEMU guest agent',
    build: ['debian/build'],
    recipe: ['debian', 'assemble-disk'],
    packages: ['linux-image-cloud-amd64', 'cloud-init', 'qemu-guest-agent', 'systemd', 'openssh-server'],
  },
];

export function imageNamed(name: string): GuestImage {
  const found = IMAGES.find((image) => image.name === name);
  if (found === undefined) {
    throw new Error(
      `there is no guest image ${JSON.stringify(name)}; there are ${IMAGES.map((i) => i.name).join(', ')}`,
    );
  }
  return found;
}

async function hashTree(hash: ReturnType<typeof createHash>, file: string, name: string): Promise<void> {
  const info = await lstat(file);
  hash.update(`${name}\0${info.mode & 0o111 ? 'x' : '-'}\0`);
  if (info.isSymbolicLink()) hash.update(await readlink(file));
  else if (info.isDirectory()) {
    for (const child of (await readdir(file)).sort()) await hashTree(hash, path.join(file, child), `${name}/${child}`);
  } else hash.update(await readFile(file));
}

/** Digest of the recipe and of the candidate versions of its packages (G1). */
export async function digestOf(image: GuestImage): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(image.build));
  for (const item of image.recipe) await hashTree(hash, path.join(here, item), item);
  const { stdout } = await execute('apt-cache', ['policy', ...image.packages], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  for (const [, version] of stdout.matchAll(/^ {2}Candidate: (.*)$/gm)) hash.update(`${version}\0`);
  return hash.digest('hex').slice(0, 16);
}

export interface BuiltDisk {
  readonly path: string;
  readonly cached: boolean;
}

/** The disk of the image under `directory`; built when it is not there. What the builder says goes to `say`. */
export async function buildDisk(image: GuestImage, directory: string, say: (line: string) => void): Promise<BuiltDisk> {
  await mkdir(directory, { recursive: true });
  const name = `${image.name}@${await digestOf(image)}.qcow2`;
  const disk = path.join(directory, name);
  if (await lstat(disk).catch(() => undefined)) return { path: disk, cached: true };
  const work = await mkdtemp(path.join(directory, '.build-'));
  try {
    const [program = '', ...args] = image.build;
    const running = execute(path.join(here, program), [...args, work], {
      env: { ...process.env, TMPDIR: work },
      maxBuffer: 64 * 1024 * 1024,
    });
    running.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.trim() !== '') say(line.trim());
    });
    await running.catch((error: Error & { stderr?: string }) => {
      const end = (error.stderr ?? '').trim().split('\n').slice(-15).join('\n');
      throw new Error(`building the guest image ${image.name} failed:\n${end || error.message}`);
    });
    await rename(path.join(work, 'disk.qcow2'), disk);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  for (const old of await readdir(directory)) {
    if (old.startsWith(`${image.name}@`) && old !== name) await rm(path.join(directory, old));
  }
  return { path: disk, cached: false };
}
