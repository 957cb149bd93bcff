/** Keys: "/" and at least one further character, which comes after "!" (the store's own keys begin with "/!"). */
export function checkKey(key: string): void {
  if (key[0] !== '/' || !(key.charCodeAt(1) > 0x21)) {
    throw new TypeError(
      `${JSON.stringify(key)} is no key of the store: it must be "/" and a name that begins with a character above "!"`,
    );
  }
}

/** A prefix is "/" or the beginning of keys. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '/') checkKey(prefix);
}

/**
 * Order of keys as the store has it: by the bytes of their UTF-8 form. JavaScript's own `<` compares UTF-16 units, which
 * differs for characters above U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates (which stand for characters above U+FFFF) behind all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
