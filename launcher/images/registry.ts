import { createHash } from 'node:crypto';
import type http from 'node:http';
import { answerChallenge, parseChallenge } from './authorization.ts';
import type { Credentials } from './credentials.ts';
import { type HttpTransport, readBody, unavailable } from './http.ts';
import { ImageError } from './image-error.ts';
import { choosePlatform, type ImageManifest, MANIFEST_TYPES, parseManifest } from './manifest.ts';
import { formatReference, type ImageReference, manifestSelector } from './reference.ts';

/**
 * One repository of a registry, as one puller sees it.
 *
 * G1  A manifest is used only when its bytes hash to the digest it was asked for; a tag's digest is computed from the
 *     bytes, never taken from a header.
 * G2  A challenge is answered once per request; a second 401 is final.
 * G3  An answer that is neither success nor a clear refusal is RegistryUnavailable, and transient when it may pass.
 */
export interface Repository {
  /** Resolves the reference to the manifest of our platform. */
  resolve(signal: AbortSignal): Promise<ResolvedImage>;
  /** Opens a blob at an offset; the answer is 200 from the start or 206 from the offset. */
  openBlob(digest: string, offset: number, signal: AbortSignal): Promise<http.IncomingMessage>;
  /** True when the registry wanted credentials for what was asked so far. */
  readonly neededCredentials: boolean;
}

export interface ResolvedImage {
  /** Digest of the platform's manifest: what the cache is keyed by. */
  readonly digest: string;
  readonly manifest: ImageManifest;
}

const LARGEST_MANIFEST = 4 * 1024 * 1024;

export function openRepository(
  transport: HttpTransport,
  reference: ImageReference,
  credentials: Credentials | undefined,
  architecture = 'amd64',
): Repository {
  const image = formatReference(reference);
  const scheme = transport.allowsPlainHttp(reference.registry) ? 'http' : 'https';
  const base = new URL(`${scheme}://${reference.registry}/v2/${reference.repository}/`);
  let authorization: string | undefined;
  let neededCredentials = false;

  const get = async (path: string, headers: Record<string, string>, signal: AbortSignal) => {
    const url = new URL(path, base);
    for (let attempt = 0; ; attempt++) {
      const answer = await transport.send({
        method: 'GET',
        url,
        headers: authorization === undefined ? headers : { ...headers, authorization },
        signal,
      });
      const challenge = answer.headers['www-authenticate'];
      if (answer.statusCode !== 401 || challenge === undefined || attempt > 0) return answer; // G2
      answer.resume();
      const parsed = parseChallenge(challenge);
      if (parsed === undefined) return answer;
      if (credentials !== undefined || parsed.scheme === 'basic') neededCredentials = true;
      authorization = await answerChallenge(transport, reference, parsed, credentials, signal);
    }
  };

  const refuse = (answer: http.IncomingMessage, what: string): never => {
    answer.destroy();
    const status = answer.statusCode ?? 0;
    if (status === 404) {
      throw new ImageError(
        'ImageNotFound',
        `${what} does not exist in registry ${reference.domain}: check the name, or push it`,
      );
    }
    if (status === 401 || status === 403) {
      const advice = credentials
        ? 'the credentials of the pull secret are refused'
        : 'it is private or does not exist; name a pull secret in imagePullSecret';
      throw new ImageError(
        'ImageUnauthorized',
        `${what} may not be pulled from registry ${reference.domain}: ${advice}`,
      );
    }
    const transient = status >= 500 || status === 408 || status === 429;
    const why = status === 429 ? 'limits the rate of pulls (429)' : `answers ${status}`;
    throw new ImageError('RegistryUnavailable', `registry ${reference.domain} ${why} for ${what}`, { transient }); // G3
  };

  const fetchManifest = async (selector: string, signal: AbortSignal) => {
    const answer = await get(`manifests/${selector}`, { accept: MANIFEST_TYPES.join(', ') }, signal);
    if (answer.statusCode !== 200) refuse(answer, `image ${image}`);
    let bytes: Buffer;
    try {
      bytes = await readBody(answer, LARGEST_MANIFEST, `the manifest of image ${image}`);
    } catch (error) {
      signal.throwIfAborted();
      throw unavailable(base, error);
    }
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (selector.startsWith('sha256:') && selector !== digest) {
      throw new ImageError(
        'DigestMismatch',
        `registry ${reference.domain} gives a manifest for image ${image} whose digest is ${digest}, not ${selector}`,
      ); // G1
    }
    return { digest, parsed: parseManifest(bytes, image) };
  };

  return {
    get neededCredentials() {
      return neededCredentials;
    },
    async resolve(signal) {
      const first = await fetchManifest(manifestSelector(reference), signal);
      if (first.parsed.kind === 'manifest') return { digest: first.digest, manifest: first.parsed };
      const second = await fetchManifest(choosePlatform(first.parsed, architecture, image), signal);
      if (second.parsed.kind === 'index') {
        throw new ImageError('InvalidImage', `the index of image ${image} names another index instead of a manifest`);
      }
      return { digest: second.digest, manifest: second.parsed };
    },
    async openBlob(digest, offset, signal) {
      // Compressed transfer would make ranges and digests refer to different bytes.
      const headers: Record<string, string> = { 'accept-encoding': 'identity' };
      if (offset > 0) headers.range = `bytes=${offset}-`;
      const answer = await get(`blobs/${digest}`, headers, signal);
      const status = answer.statusCode;
      if (status !== 200 && !(status === 206 && offset > 0)) refuse(answer, `layer ${digest} of image ${image}`);
      return answer;
    },
  };
}
