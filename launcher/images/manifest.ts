import { ImageError } from './image-error.ts';

/** The manifest of an image for one platform, as far as we use it. */
export interface ImageManifest {
  readonly kind: 'manifest';
  /** Bottom first. */
  readonly layers: readonly Layer[];
}

export interface Layer {
  readonly digest: string;
  /** Bytes of the blob as stored in the registry. */
  readonly size: number;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/** A list of manifests, one per platform. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly manifests: readonly { readonly digest: string; readonly os: string; readonly architecture: string }[];
}

export const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const DIGEST = /^sha256:[a-f0-9]{64}$/;
const MOST_LAYERS = 128;
const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.(gzip|zstd))?)$/;

/** @throws ImageError InvalidImage that names `image` and what is wrong with its manifest. */
export function parseManifest(bytes: Buffer, image: string): ImageManifest | ImageIndex {
  const invalid = (why: string) => new ImageError('InvalidImage', `the manifest of image ${image} ${why}`);
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('is not JSON');
  }
  if (typeof document !== 'object' || document === null || document.schemaVersion !== 2) {
    throw invalid('is not of schema version 2; push the image again with a current tool');
  }
  if (Array.isArray(document.manifests)) {
    return {
      kind: 'index',
      manifests: document.manifests.map((entry) => {
        if (!DIGEST.test(String(entry?.digest))) throw invalid('lists a manifest without a sha256 digest');
        return {
          digest: String(entry.digest),
          os: String(entry.platform?.os ?? ''),
          architecture: String(entry.platform?.architecture ?? ''),
        };
      }),
    };
  }
  if (!Array.isArray(document.layers)) throw invalid('has neither layers nor manifests');
  if (document.layers.length > MOST_LAYERS) throw invalid(`has more than ${MOST_LAYERS} layers`);
  return {
    kind: 'manifest',
    layers: document.layers.map((layer) => {
      const type = LAYER_TYPE.exec(String(layer?.mediaType));
      if (type === null) {
        throw invalid(
          `has a layer of type ${JSON.stringify(String(layer?.mediaType).slice(0, 100))}, which is no file system layer`,
        );
      }
      if (!DIGEST.test(String(layer.digest))) throw invalid('has a layer without a sha256 digest');
      if (!Number.isSafeInteger(layer.size) || layer.size < 0) throw invalid('has a layer without a size');
      const compression = (type[1] ?? type[2] ?? 'none') as Layer['compression'];
      return { digest: String(layer.digest), size: Number(layer.size), compression };
    }),
  };
}

/** The digest for our platform in an index. Disk images often name no platform: then there must be just one. */
export function choosePlatform(index: ImageIndex, architecture: string, image: string): string {
  const exact = index.manifests.find((entry) => entry.os === 'linux' && entry.architecture === architecture);
  const only = index.manifests.length === 1 && index.manifests[0]?.architecture === '' ? index.manifests[0] : undefined;
  const chosen = exact ?? only;
  if (chosen !== undefined) return chosen.digest;
  const offered = index.manifests
    .map((entry) => `${entry.os}/${entry.architecture}`)
    .slice(0, 10)
    .join(', ');
  throw new ImageError(
    'ImageNotFound',
    `image ${image} has no variant for linux/${architecture}; it offers ${offered === '' ? 'none' : offered}`,
  );
}
