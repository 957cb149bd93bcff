const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const whitespace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** How deep lines are indented at most; deeper ones stay at that column, so that nesting cannot blow up the size. */
const deepestColumn = 64;

/**
 * Valid JSON with two spaces of indentation and a line feed at the end. Works on the text: parsing and encoding again
 * would change numbers beyond 2^53.
 */
export function indentJson(json: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let depth = 0;
  let at = 0;
  const newLine = () => Buffer.from(`\n${'  '.repeat(Math.min(depth, deepestColumn))}`);
  const next = (from: number) => {
    let position = from;
    while (position < json.length && whitespace.has(json[position] ?? 0)) position++;
    return position;
  };
  while (at < json.length) {
    const byte = json[at] ?? 0;
    if (byte === quote) {
      const end = endOfString(json, at);
      pieces.push(json.subarray(at, end));
      at = end;
    } else if (byte === openBrace || byte === openBracket) {
      const inside = next(at + 1);
      const closing = byte === openBrace ? closeBrace : closeBracket;
      if (json[inside] === closing) {
        pieces.push(Buffer.from([byte, closing]));
        at = inside + 1;
      } else {
        depth++;
        pieces.push(Buffer.from([byte]), newLine());
        at = inside;
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      depth--;
      pieces.push(newLine(), Buffer.from([byte]));
      at++;
    } else if (byte === comma) {
      pieces.push(Buffer.from([byte]), newLine());
      at = next(at + 1);
    } else if (byte === colon) {
      pieces.push(Buffer.from(': '));
      at = next(at + 1);
    } else if (whitespace.has(byte)) {
      at++;
    } else {
      const end = endOfLiteral(json, at);
      pieces.push(json.subarray(at, end));
      at = end;
    }
  }
  pieces.push(Buffer.from('\n'));
  return Buffer.concat(pieces);
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at + 1;
}

/** A number, true, false or null. */
function endOfLiteral(json: Buffer, start: number): number {
  let at = start;
  while (at < json.length) {
    const byte = json[at] ?? 0;
    if (byte === comma || byte === closeBrace || byte === closeBracket || whitespace.has(byte)) break;
    at++;
  }
  return at;
}
