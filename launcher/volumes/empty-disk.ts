import { open, rename, rm } from 'node:fs/promises';
import { parseQuantity, quantityValue } from '../../openapi/machinery/quantity.ts';
import { bootFile, removeBootFiles } from './boot-files.ts';
import { isReady } from './ready-file.ts';
import type { VolumeKind, VolumeOutcome } from './volume.ts';

const MIB = 1n << 20n;

/** emptyDisk: a sparse raw file of the wanted size, kept over reboots of the guest and gone when the machine stops. */
export const emptyDisk: VolumeKind = {
  handles: (volume) => volume.emptyDisk !== undefined,
  async prepare(volume, context): Promise<VolumeOutcome> {
    if (volume.emptyDisk === undefined) throw new Error(`volume ${volume.name} is no emptyDisk`);
    const path = bootFile(context, volume.name, 'empty.raw');
    if (!(await isReady(path))) {
      const bytes = roundUp(quantityValue(parseQuantity(volume.emptyDisk.capacity)));
      await rm(`${path}.new`, { force: true });
      const file = await open(`${path}.new`, 'wx', 0o600);
      try {
        await file.truncate(Number(bytes));
        await file.chown(context.uid, context.gid);
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    }
    return { kind: 'ready', source: { kind: 'file', format: 'raw', path, readOnly: false } };
  },
  cleanup: removeBootFiles,
};

function roundUp(bytes: bigint): bigint {
  const whole = ((bytes + MIB - 1n) / MIB) * MIB;
  return whole < MIB ? MIB : whole;
}
