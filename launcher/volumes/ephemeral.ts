import { bootFile, removeBootFiles } from './boot-files.ts';
import { openClaim } from './claim.ts';
import { writeOverlay } from './qcow2/overlay.ts';
import { isReady } from './ready-file.ts';
import type { DiskSource, VolumeKind } from './volume.ts';

/** ephemeral: a claim is only read; what the guest writes goes to an overlay of this boot. */
export const ephemeral: VolumeKind = {
  handles: (volume) => volume.ephemeral !== undefined,
  async prepare(volume, context) {
    const wanted = volume.ephemeral?.persistentVolumeClaim;
    if (wanted === undefined) throw new Error(`volume ${volume.name} is no ephemeral volume`);
    const claim = await openClaim(wanted.claimName, volume.name, 'base', context);
    if (claim.kind === 'waiting' || claim.kind === 'failed') return claim;
    const backing: DiskSource =
      claim.kind === 'file'
        ? { kind: 'file', format: 'raw', path: claim.path, readOnly: true }
        : { kind: 'device', path: claim.path, readOnly: true };
    const path = bootFile(context, volume.name, 'overlay.qcow2');
    if (!(await isReady(path))) {
      await writeOverlay(path, { virtualSize: claim.size, backing: { path: claim.path, format: 'raw' } }, context);
    }
    return { kind: 'ready', source: { kind: 'file', format: 'qcow2', path, readOnly: false, backing } };
  },
  cleanup: removeBootFiles,
};
