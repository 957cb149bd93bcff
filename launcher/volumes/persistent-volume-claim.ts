import { removeBootFiles } from './boot-files.ts';
import { openClaim } from './claim.ts';
import type { VolumeKind } from './volume.ts';

/** persistentVolumeClaim: what the guest writes is kept. Never a format but raw, whatever the first bytes look like (V3). */
export const persistentVolumeClaim: VolumeKind = {
  handles: (volume) => volume.persistentVolumeClaim !== undefined,
  async prepare(volume, context) {
    const wanted = volume.persistentVolumeClaim;
    if (wanted === undefined) throw new Error(`volume ${volume.name} is no persistentVolumeClaim`);
    const claim = await openClaim(wanted.claimName, volume.name, 'disk', context);
    switch (claim.kind) {
      case 'file':
        return {
          kind: 'ready',
          source: {
            kind: 'file',
            format: 'raw',
            path: claim.path,
            readOnly: claim.readOnly || wanted.readOnly === true,
          },
        };
      case 'device':
        return {
          kind: 'ready',
          source: { kind: 'device', path: claim.path, readOnly: claim.readOnly || wanted.readOnly === true },
        };
      case 'waiting':
      case 'failed':
        return claim;
      default:
        return claim satisfies never;
    }
  },
  // The device node is in the boot directory; the claim's own disk outlives the boot.
  cleanup: removeBootFiles,
};
