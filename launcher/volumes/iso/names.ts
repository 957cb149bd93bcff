/** How one file is called in each of the three worlds of the image. */
export interface IsoName {
  /** As given: what Rock Ridge readers (Linux, BSD) see. */
  readonly name: string;
  /** ISO 9660 level 1: eight letters, three of extension, version. */
  readonly level1: string;
  /** Joliet (Windows): at most 64 UCS-2 characters, big-endian. */
  readonly joliet: Buffer;
}

const JOLIET_LENGTH = 64;

/** Names for all files at once, since the short ones must differ from each other. */
export function isoNames(names: readonly string[]): IsoName[] {
  const shortNames = new Set<string>();
  const jolietNames = new Set<string>();
  return names.map((name) => ({
    name,
    level1: distinct(shortNames, (suffix) => level1(name, suffix)),
    joliet: ucs2(distinct(jolietNames, (suffix) => joliet(name, suffix))),
  }));
}

export function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** The first candidate that nobody has; `suffix` is empty at first and then 1, 2, … */
function distinct(taken: Set<string>, candidate: (suffix: string) => string): string {
  for (let count = 0; ; count++) {
    const text = candidate(count === 0 ? '' : String(count));
    if (taken.has(text)) continue;
    taken.add(text);
    return text;
  }
}

function level1(name: string, suffix: string): string {
  const clean = (text: string) => text.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  const dot = name.lastIndexOf('.');
  const stem = clean(dot > 0 ? name.slice(0, dot) : name);
  const extension = dot > 0 ? clean(name.slice(dot + 1)).slice(0, 3) : '';
  return `${stem.slice(0, 8 - suffix.length)}${suffix}.${extension};1`;
}

function joliet(name: string, suffix: string): string {
  const clean = [...name]
    .map((character) => (/[*/:;?\\]/.test(character) || character > '\uffff' ? '_' : character))
    .join('');
  return suffix === ''
    ? clean.slice(0, JOLIET_LENGTH)
    : `${clean.slice(0, JOLIET_LENGTH - suffix.length - 1)}~${suffix}`;
}
