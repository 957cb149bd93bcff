/** The parts of an OCI image reference: `registry.example:5000/team/debian:12@sha256:…`. */
export interface ImageReferenceParts {
  /** Everything before tag and digest. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const HOST = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^((?:${HOST}/)?${PART}(?:/${PART})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-f]{32,128}))?$`,
);

/** The grammar of the distribution specification; undefined when the text is no reference. */
export function parseImageReference(text: string): ImageReferenceParts | undefined {
  if (text.length > 1024) return undefined;
  const match = REFERENCE.exec(text);
  if (!match?.[1]) return undefined;
  return { repository: match[1], tag: match[2], digest: match[3] };
}

/** Kubernetes' default: a name that may move is looked up every time. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const parts = parseImageReference(image);
  if (!parts || parts.digest) return 'IfNotPresent';
  return parts.tag === undefined || parts.tag === 'latest' ? 'Always' : 'IfNotPresent';
}
