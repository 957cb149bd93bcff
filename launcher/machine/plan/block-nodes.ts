import type { DiskSource } from '../../volumes/volume.ts';
import { json } from './option.ts';

export interface NodeOptions {
  readonly name: string;
  readonly readOnly: boolean;
  readonly direct: boolean;
  readonly native: boolean;
  readonly shareable: boolean;
}

/**
 * One -blockdev for each level of a disk, the deepest first: protocol node `<name>-file`, format node `<name>`, backing
 * levels `<name>-b1`, `<name>-b2`, … Formats and backing files are always named: QEMU neither probes an image nor follows
 * what its header says.
 */
export function blockNodes(source: DiskSource, options: NodeOptions): string[] {
  return level(source, options, 0);
}

function level(source: DiskSource, options: NodeOptions, depth: number): string[] {
  const { name, direct, native, shareable } = options;
  const top = depth === 0;
  const readOnly = !top || options.readOnly || source.readOnly;
  const node = top ? name : `${name}-b${depth}`;
  const access = { 'read-only': readOnly, 'auto-read-only': false };
  // Base images are shared by many machines and stay in the page cache.
  const cache = { direct: top && direct, 'no-flush': false };
  const discard = readOnly ? {} : { discard: 'unmap' };
  const protocol = json('-blockdev', {
    driver: source.kind === 'device' ? 'host_device' : 'file',
    'node-name': `${node}-file`,
    filename: source.path,
    aio: top && native ? 'native' : 'threads',
    ...(shareable && top ? { locking: 'off' } : {}),
    cache,
    ...access,
    ...discard,
  });
  const format = source.kind === 'device' ? 'raw' : source.format;
  const backing = source.kind === 'file' && source.format === 'qcow2' ? source.backing : undefined;
  return [
    ...(backing === undefined ? [] : level(backing, options, depth + 1)),
    ...protocol,
    ...json('-blockdev', {
      driver: format,
      'node-name': node,
      file: `${node}-file`,
      ...(format === 'qcow2' ? { backing: backing === undefined ? null : `${name}-b${depth + 1}` } : {}),
      cache,
      ...access,
      ...discard,
      ...(readOnly ? {} : { 'detect-zeroes': 'unmap' }),
    }),
  ];
}
