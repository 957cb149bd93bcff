import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { ImageError } from './image-error.ts';

/**
 * A second opinion on a hostile qcow2: QEMU's own reader opens it, as nobody, without capabilities, with little memory,
 * processor time and no way to another file: it gets the open file and a format, and the header was looked at before.
 */
export interface InspectionLimits {
  /** Milliseconds of wall-clock time. */
  readonly timeout: number;
  /** Seconds of processor time. */
  readonly cpuSeconds: number;
  /** Bytes of address space. */
  readonly memory: number;
}

const DEFAULT_LIMITS: InspectionLimits = { timeout: 20_000, cpuSeconds: 10, memory: 1 << 30 };
const NOBODY = '65534';
const LONGEST_OUTPUT = 1 << 20;

/** @throws ImageError UnsupportedDisk when QEMU cannot read it or finds that it depends on another file. */
export async function inspectQcow2(
  file: FileHandle,
  what: string,
  signal: AbortSignal,
  limits: InspectionLimits = DEFAULT_LIMITS,
): Promise<void> {
  const output = await run(file, what, signal, limits);
  const unsupported = (why: string) => new ImageError('UnsupportedDisk', `the disk of ${what} ${why}`);
  let info: Record<string, unknown>;
  try {
    info = JSON.parse(output);
  } catch {
    throw unsupported('cannot be read by qemu-img');
  }
  const specific = (info['format-specific'] as { data?: Record<string, unknown> } | undefined)?.data ?? {};
  if (info.format !== 'qcow2') throw unsupported(`is ${String(info.format)} and not qcow2`);
  if ('backing-filename' in info || 'full-backing-filename' in info) throw unsupported('refers to a backing file');
  if ('data-file' in specific) throw unsupported('keeps its data in another file');
  if (info.encrypted === true || 'encrypt' in specific) throw unsupported('is encrypted');
}

function run(file: FileHandle, what: string, signal: AbortSignal, limits: InspectionLimits): Promise<string> {
  const confine = [
    ...['prlimit', `--cpu=${limits.cpuSeconds}`, `--as=${limits.memory}`, '--core=0', '--nofile=32', '--'],
    ...(process.getuid?.() === 0
      ? [
          'setpriv',
          `--reuid=${NOBODY}`,
          `--regid=${NOBODY}`,
          '--clear-groups',
          '--inh-caps=-all',
          '--bounding-set=-all',
        ]
      : ['setpriv']),
    '--no-new-privs',
  ];
  const command = [...confine, 'qemu-img', 'info', '--output=json', '-f', 'qcow2', '/proc/self/fd/3'];
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe', file.fd],
      cwd: '/',
      env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: limits.timeout,
      killSignal: 'SIGKILL',
      signal,
    });
    const out = { text: '' };
    const err = { text: '' };
    child.stdout?.on('data', (chunk) => collect(out, chunk));
    child.stderr?.on('data', (chunk) => collect(err, chunk));
    child.on('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else
        reject(
          new ImageError('ImageCacheFailed', `qemu-img cannot be run on this node: ${error.message}`, { cause: error }),
        );
    });
    child.on('close', (code, killed) => {
      if (code === 0) resolve(out.text);
      else {
        const why = killed === null ? (err.text.trim().split('\n').at(-1) ?? '') : `takes too long to read (${killed})`;
        reject(new ImageError('UnsupportedDisk', `the disk of ${what} is no sound qcow2: ${why.slice(0, 300)}`));
      }
    });
  });
}

function collect(into: { text: string }, chunk: unknown): void {
  if (into.text.length < LONGEST_OUTPUT) into.text += String(chunk);
}
