import { createHash } from 'node:crypto';
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/**
 * A registry that does what a test wants, good or bad. What `misbehave` answers itself (returning true) is not served.
 */
export interface FakeRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Requests in the order of their coming. */
  readonly requests: { readonly method: string; readonly path: string; readonly headers: http.IncomingHttpHeaders }[];
  misbehave: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
  blobs: Map<string, Buffer>;
  /** By `name/manifests/tag-or-digest`. */
  manifests: Map<string, { readonly type: string; readonly body: Buffer }>;
  /** Stores an image under a tag and its digest; the reference to pull. */
  add(name: string, layers: readonly FakeLayer[]): { readonly image: string; readonly digest: string };
  stop(): Promise<void>;
}

export interface FakeLayer {
  readonly bytes: Buffer;
  readonly type?: string;
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** `port`: where it listens on 127.0.0.1; by default any that is free. */
export async function startFakeRegistry(port = 0): Promise<FakeRegistry> {
  const server = http.createServer((request, response) => {
    fake.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    if (fake.misbehave(request, response)) return;
    serve(fake, request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const fake: FakeRegistry = {
    host,
    requests: [],
    misbehave: () => false,
    blobs: new Map(),
    manifests: new Map(),
    add(name, layers) {
      const described = layers.map(({ bytes, type = OCI_LAYER }) => {
        fake.blobs.set(digestOf(bytes), bytes);
        return { mediaType: type, digest: digestOf(bytes), size: bytes.length };
      });
      const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: described }));
      const entry = { type: OCI_MANIFEST, body };
      fake.manifests.set(`${name}/manifests/v1`, entry);
      fake.manifests.set(`${name}/manifests/${digestOf(body)}`, entry);
      return { image: `${host}/${name}:v1`, digest: digestOf(body) };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

function serve(fake: FakeRegistry, request: http.IncomingMessage, response: http.ServerResponse): void {
  const path = (request.url ?? '').replace(/^\/v2\//, '');
  const manifest = fake.manifests.get(path);
  const blob = fake.blobs.get(/\/blobs\/(.*)$/.exec(path)?.[1] ?? '');
  if (manifest !== undefined) {
    response.writeHead(200, { 'content-type': manifest.type }).end(manifest.body);
  } else if (blob !== undefined) {
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    if (from === undefined) response.writeHead(200, { 'content-length': blob.length }).end(blob);
    else {
      const range = `bytes ${from}-${blob.length - 1}/${blob.length}`;
      response.writeHead(206, { 'content-range': range }).end(blob.subarray(Number(from)));
    }
  } else {
    response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
  }
}

export interface FakeEntry {
  readonly name: string;
  readonly type?: 'file' | 'link' | 'symlink' | 'directory' | 'character-device' | 'block-device' | 'fifo';
  readonly linkname?: string;
  readonly pax?: Record<string, string>;
  readonly content?: Buffer;
}

/** An archive with exactly these entries, whatever they are called. */
export async function tarOf(entries: readonly FakeEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) archive.entry(header);
    else archive.entry(header, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function diskLayer(content: Buffer, name = 'disk/disk.img'): Promise<FakeLayer> {
  return { bytes: await tarOf([{ name, content }]) };
}

export function gzipped(layer: FakeLayer): FakeLayer {
  return { bytes: gzipSync(layer.bytes), type: `${OCI_LAYER}+gzip` };
}
