/**
 * Why an image cannot be used. The reason becomes the reason of the VolumesReady condition, the message its message: it
 * names the image and says what a person can do.
 */
export type ImageErrorReason =
  /** The text of the reference is not one. */
  | 'InvalidReference'
  /** The registry answers, and has no such repository, tag or digest. */
  | 'ImageNotFound'
  /** The registry refuses these credentials, or wants some. */
  | 'ImageUnauthorized'
  /** Down, unreachable, too slow, broken in the middle, or its certificate is not trusted. */
  | 'RegistryUnavailable'
  /** Bytes arrived that are not the bytes that were named. */
  | 'DigestMismatch'
  /** No image that we can read: manifest, layers or archive are not as OCI says. */
  | 'InvalidImage'
  /** An image, but the file in it is no disk that we may give to a guest. */
  | 'UnsupportedDisk'
  /** Larger than the limits of this node allow. */
  | 'ImageTooLarge'
  /** The node's disk has no room for it. */
  | 'NodeDiskFull'
  /** The cached image could not be read or written on this node. */
  | 'ImageCacheFailed';

export class ImageError extends Error {
  readonly reason: ImageErrorReason;
  /** True when the same request may work a moment later: the client itself tries again a few times. */
  readonly transient: boolean;

  constructor(reason: ImageErrorReason, message: string, options: { transient?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ImageError';
    this.reason = reason;
    this.transient = options.transient ?? false;
  }
}
