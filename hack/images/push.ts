import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { pack } from 'tar-stream';
import { createTransport, type HttpTransport, readBody } from '../../launcher/images/http.ts';
import { formatReference, parseReference } from '../../launcher/images/reference.ts';

/**
 * Packs a disk file as an OCI image with the disk at /disk/ and pushes it by plain HTTP PUT.
 *
 * The layer is an uncompressed archive, written twice from the file: once for its digest, once to the wire, so no
 * temporary copy is made and pushing the same disk again uploads nothing. The same disk always gives the same digest.
 */
export interface PushResult {
  /** Digest of the manifest: `sha256:…`. */
  readonly digest: string;
  /** True when the registry had the layer already. */
  readonly layerExisted: boolean;
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Owner of the disk file by KubeVirt's convention. */
const QEMU_OWNER = 107;

/** `destination` is a reference like `localhost:5000/tiny:latest`; http for loopback, https for all else. */
export async function push(diskPath: string, destination: string): Promise<PushResult> {
  const reference = parseReference(destination);
  if (reference.tag === undefined) throw new Error(`${destination} must name a tag`);
  const transport = createTransport({ answerTimeout: 120_000 });
  try {
    const scheme = transport.allowsPlainHttp(reference.registry) ? 'http' : 'https';
    const base = new URL(`${scheme}://${reference.registry}/v2/${reference.repository}/`);
    const layer = await describe(layerBytes(diskPath));
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      }),
    );
    const configDigest = digestOf(config);
    const layerExisted = await exists(transport, new URL(`blobs/${layer.digest}`, base));
    if (!layerExisted) await upload(transport, base, layer.digest, layer.size, layerBytes(diskPath));
    if (!(await exists(transport, new URL(`blobs/${configDigest}`, base)))) {
      await upload(transport, base, configDigest, config.length, config);
    }
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: CONFIG, digest: configDigest, size: config.length },
        layers: [{ mediaType: LAYER, digest: layer.digest, size: layer.size }],
      }),
    );
    await put(transport, new URL(`manifests/${reference.tag}`, base), MANIFEST, manifest.length, manifest);
    return { digest: digestOf(manifest), layerExisted };
  } catch (error) {
    throw new Error(`pushing ${diskPath} to ${formatReference(reference)} failed: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    transport.close();
  }
}

/** The archive: /disk and the one file in it, with times and owners that do not vary. */
async function* layerBytes(diskPath: string): AsyncGenerator<Buffer> {
  const file = await open(diskPath, 'r');
  const archive = pack();
  try {
    const { size } = await file.stat();
    const magic = Buffer.alloc(4);
    await file.read(magic, 0, 4, 0);
    const extension = magic.toString('latin1') === 'QFI\xfb' ? 'qcow2' : 'img';
    const owner = { uid: QEMU_OWNER, gid: QEMU_OWNER, mtime: new Date(0) };
    archive.entry({ name: 'disk/', type: 'directory', mode: 0o755, ...owner });
    const entry = archive.entry({ name: `disk/disk.${extension}`, type: 'file', mode: 0o440, size, ...owner });
    const copying = (async () => {
      for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) {
        if (!entry.write(chunk)) await new Promise<void>((resolve) => entry.once('drain', () => resolve()));
      }
      entry.end(Buffer.alloc(0));
      archive.finalize();
    })();
    copying.catch((error) => archive.destroy(error));
    for await (const chunk of archive as AsyncIterable<Buffer>) yield chunk;
    await copying;
  } finally {
    archive.destroy();
    await file.close();
  }
}

async function describe(bytes: AsyncIterable<Buffer>): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function exists(transport: HttpTransport, url: URL): Promise<boolean> {
  const answer = await transport.send({ method: 'HEAD', url });
  answer.resume();
  return answer.statusCode === 200;
}

async function upload(
  transport: HttpTransport,
  base: URL,
  digest: string,
  size: number,
  body: Buffer | AsyncIterable<Buffer>,
): Promise<void> {
  const begun = await transport.send({ method: 'POST', url: new URL('blobs/uploads/', base) });
  const text = (await readBody(begun, 65_536, 'the answer')).toString();
  const location = begun.headers.location;
  if (begun.statusCode !== 202 || location === undefined)
    throw new Error(`upload refused: ${begun.statusCode} ${text}`);
  const target = new URL(location, base);
  target.searchParams.set('digest', digest);
  await put(transport, target, 'application/octet-stream', size, body);
}

async function put(
  transport: HttpTransport,
  url: URL,
  type: string,
  size: number,
  body: Buffer | AsyncIterable<Buffer>,
): Promise<void> {
  const headers = { 'content-type': type, 'content-length': String(size) };
  const answer = await transport.send({ method: 'PUT', url, headers, body });
  const text = (await readBody(answer, 65_536, 'the answer')).toString();
  if (answer.statusCode !== 201) throw new Error(`PUT ${url.pathname}: ${answer.statusCode} ${text.slice(0, 500)}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [disk, destination] = process.argv.slice(2);
  if (disk === undefined || destination === undefined) {
    process.stderr.write('usage: push.ts DISK-FILE localhost:5000/name:tag\n');
    process.exitCode = 2;
  } else {
    const { digest, layerExisted } = await push(disk, destination);
    process.stdout.write(`${destination} ${digest}${layerExisted ? ' (unchanged)' : ''}\n`);
  }
}
