import { spawn } from 'node:child_process';
import { constants, type FileHandle, link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bootFile } from './boot-files.ts';
import type { ClaimLocation, VolumeContext, VolumeOutcome } from './volume.ts';

/**
 * What a claim holds, made usable for one machine. A claim is written by others too (pods, former machines), so its
 * content is hostile: disk.img is opened without following a link, and only a regular file with one name is touched.
 */
export type OpenedClaim =
  | { readonly kind: 'file'; readonly path: string; readonly size: bigint; readonly readOnly: boolean }
  | { readonly kind: 'device'; readonly path: string; readonly size: bigint; readonly readOnly: boolean }
  | Exclude<VolumeOutcome, { kind: 'ready' }>;

const MIB = 1n << 20n;
const SECTOR = 512n;

/** `purpose`: `disk` is written by this machine alone, `base` is read by any number of them. */
export async function openClaim(
  claimName: string,
  volumeName: string,
  purpose: 'disk' | 'base',
  context: VolumeContext,
): Promise<OpenedClaim> {
  const location = await context.locateClaim(claimName);
  if (location === undefined) {
    return {
      kind: 'waiting',
      reason: 'ClaimNotBound',
      message: `volume "${volumeName}" waits for PersistentVolumeClaim "${claimName}" to exist and be bound`,
    };
  }
  return location.kind === 'directory'
    ? openDirectory(location, claimName, purpose, context)
    : openDevice(location, volumeName, claimName, context);
}

type Directory = Extract<ClaimLocation, { kind: 'directory' }>;
type Device = Extract<ClaimLocation, { kind: 'device' }>;

async function openDirectory(
  location: Directory,
  claimName: string,
  purpose: 'disk' | 'base',
  context: VolumeContext,
): Promise<OpenedClaim> {
  const failed = (reason: string, why: string): OpenedClaim => ({
    kind: 'failed',
    reason,
    message: `disk.img of PersistentVolumeClaim "${claimName}" ${why}`,
  });
  const path = join(location.path, 'disk.img');
  const readOnly = location.readOnly || purpose === 'base';
  // Without O_NONBLOCK, opening a FIFO that somebody put there would wait for ever.
  const flags =
    (location.readOnly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ELOOP') return failed('ClaimInvalid', 'is a symbolic link: replace it by the disk itself');
    if (code === 'EISDIR' || code === 'ENXIO') return failed('ClaimInvalid', 'is no regular file');
    if (code !== 'ENOENT') throw error;
    if (readOnly)
      return failed('ClaimEmpty', 'does not exist, and this volume only reads it: put a raw disk there first');
    return create(location, path, context);
  }
  try {
    const status = await file.stat({ bigint: true });
    if (!status.isFile()) return failed('ClaimInvalid', 'is no regular file');
    if (status.nlink !== 1n) return failed('ClaimInvalid', 'has a second name (hard link): copy it instead');
    if (status.size === 0n && readOnly) return failed('ClaimEmpty', 'is empty: put a raw disk there first');
    const size = readOnly ? floorTo(status.size, SECTOR) : await grow(file, status.size, location.capacity);
    if (!location.readOnly) await permit(file, purpose, context);
    return { kind: 'file', path, size, readOnly };
  } finally {
    await file.close();
  }
}

/** A disk for a claim that has none: sparse, at the claim's size (V2). */
async function create(location: Directory, path: string, context: VolumeContext): Promise<OpenedClaim> {
  const size = floorTo(location.capacity, MIB);
  const beside = `${path}.${context.uid}.new`;
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.truncate(Number(size));
    await file.chown(context.uid, context.gid);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(beside, path); // unlike rename this never replaces a disk that another machine made meanwhile
  } finally {
    await rm(beside, { force: true });
  }
  return { kind: 'file', path, size, readOnly: false };
}

/** A claim that was expanded since gives its guest a larger disk; a disk is never made smaller. */
async function grow(file: FileHandle, size: bigint, capacity: bigint): Promise<bigint> {
  const wanted = floorTo(capacity, MIB);
  if (wanted > size) {
    await file.truncate(Number(wanted));
    return wanted;
  }
  return floorTo(size, SECTOR);
}

/**
 * A disk gets its machine's user as owner. A base stays with its owner and becomes readable by all: every machine has a
 * user and group of its own, and any number of them read it at once, now and after each wake.
 */
async function permit(file: FileHandle, purpose: 'disk' | 'base', context: VolumeContext): Promise<void> {
  const { uid, gid, mode } = await file.stat();
  if (purpose === 'disk' && (uid !== context.uid || gid !== context.gid)) await file.chown(context.uid, context.gid);
  const wantedMode = (mode & 0o7777) | (purpose === 'disk' ? 0o600 : 0o444);
  if ((mode & 0o7777) !== wantedMode) await file.chmod(wantedMode);
}

function floorTo(bytes: bigint, unit: bigint): bigint {
  return (bytes / unit) * unit;
}

/**
 * A block device reaches the unprivileged QEMU as a node of its own in the boot directory, with QEMU's owner: the
 * permissions of the node's /dev stay as they are, and cleanup has nothing to restore.
 */
async function openDevice(
  location: Device,
  volumeName: string,
  claimName: string,
  context: VolumeContext,
): Promise<OpenedClaim> {
  const failed = (why: string): OpenedClaim => ({
    kind: 'failed',
    reason: 'ClaimInvalid',
    message: `the device ${location.path} of PersistentVolumeClaim "${claimName}" ${why}`,
  });
  const status = await stat(location.path).catch(() => undefined);
  if (status === undefined) return failed('does not exist on this node');
  if (!status.isBlockDevice()) return failed('is no block device');
  const path = bootFile(context, volumeName, 'device');
  const existing = await lstat(path).catch(() => undefined);
  if (existing === undefined || !existing.isBlockDevice() || existing.rdev !== status.rdev) {
    await rm(path, { force: true });
    await makeNode(path, status.rdev, context);
  }
  const size = await deviceSize(path);
  return typeof size === 'bigint' ? { kind: 'device', path, size, readOnly: location.readOnly } : failed(size.problem);
}

async function makeNode(path: string, rdev: number, { uid, gid }: VolumeContext): Promise<void> {
  // Linux packs the numbers as (major & 0xfff) << 8 | (minor & 0xff), with the rest above.
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  await runCommand('mknod', ['-m', '0600', `${path}.new`, 'b', String(major), String(minor)]);
  await runCommand('chown', [`${uid}:${gid}`, `${path}.new`]);
  await rename(`${path}.new`, path);
}

async function deviceSize(path: string): Promise<bigint | { problem: string }> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES') return { problem: 'cannot be opened: the state directory is mounted with nodev' };
    return { problem: `cannot be opened (${String(code)})` };
  }
  await file.close();
  const output = await runCommand('blockdev', ['--getsize64', path]);
  return BigInt(output.trim());
}

function runCommand(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 });
    let output = '';
    let problem = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      problem += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} failed (${code}): ${problem.trim().slice(0, 300)}`));
    });
  });
}
