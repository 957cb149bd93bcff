import { ImageError } from './image-error.ts';

/** A name of an image, taken apart. Grammar: the distribution specification's `[domain/]path[:tag][@digest]`. */
export interface ImageReference {
  /** Host and port to connect to, for example `registry-1.docker.io` or `127.0.0.1:5000`. */
  readonly registry: string;
  /** The domain as people and credential files write it (`docker.io`). */
  readonly domain: string;
  readonly repository: string;
  /** Undefined only when a digest is given; `latest` when neither is. */
  readonly tag: string | undefined;
  /** `sha256:` and 64 lower-case hex digits. */
  readonly digest: string | undefined;
}

const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[a-f0-9]{64}$/;
const DOMAIN = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/;
const LONGEST_NAME = 255;

/** @throws ImageError InvalidReference, with the part that is wrong. */
export function parseReference(text: string): ImageReference {
  const invalid = (why: string) =>
    new ImageError(
      'InvalidReference',
      `image ${JSON.stringify(text.slice(0, 300))} is not a valid image name: ${why}; expected registry/repository:tag or registry/repository@sha256:…`,
    );
  const [withTag = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw invalid('it contains "@" more than once');
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw invalid('the digest must be "sha256:" and 64 lower-case hexadecimal digits');
  }
  const slash = withTag.indexOf('/');
  const first = slash < 0 ? '' : withTag.slice(0, slash);
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = hasDomain ? first : 'docker.io';
  if (!DOMAIN.test(domain)) throw invalid(`${JSON.stringify(domain)} is not a host name`);
  const port = /:([0-9]+)$/.exec(domain)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) throw invalid(`${port} is not a port`);

  const rest = hasDomain ? withTag.slice(slash + 1) : withTag;
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(`${JSON.stringify(tag)} is not a tag`);
  if (path === '') throw invalid('the repository is missing');
  for (const component of path.split('/')) {
    if (!PATH_COMPONENT.test(component)) {
      throw invalid(`${JSON.stringify(component)} may only hold lower-case letters, digits and single separators`);
    }
  }
  const isHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(domain.toLowerCase());
  const repository = isHub && !path.includes('/') ? `library/${path}` : path;
  if (domain.length + 1 + repository.length > LONGEST_NAME)
    throw invalid(`it is longer than ${LONGEST_NAME} characters`);
  return {
    registry: isHub ? 'registry-1.docker.io' : domain,
    domain: isHub ? 'docker.io' : domain,
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** The one spelling of a reference: complete, with tag and digest as given. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.domain}/${reference.repository}${tag}${digest}`;
}

/** What follows `/manifests/` in a request: a digest wins over a tag. */
export function manifestSelector(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}

/** Plain HTTP is for a registry on this very machine, and for those that the administrator declared. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(name);
}
