/** Bytes that all warnings of one answer may take; above it each text is cut, as Kubernetes does. */
const budget = 4096;
const longestWhenCut = 256;

/**
 * Warning headers (RFC 7234 5.5, code 299) for the given texts: no duplicates, no control characters, quoted. Header
 * values are bytes in Node's latin1 spelling, so that UTF-8 goes over the wire as UTF-8.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  const unique = [...new Set(texts.map(printable))].filter((text) => text !== '');
  const total = unique.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const shown =
    total <= budget ? unique : [...new Set(unique.map((text) => [...text].slice(0, longestWhenCut).join('')))];
  const lines: string[] = [];
  let left = budget;
  for (const text of shown) {
    left -= Buffer.byteLength(text);
    if (left < 0) break;
    lines.push(Buffer.from(`299 - "${text.replace(/[\\"]/g, '\\$&')}"`, 'utf8').toString('latin1'));
  }
  return lines;
}

function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
