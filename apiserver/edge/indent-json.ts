const whitespace: ReadonlySet<string> = new Set([' ', '\t', '\n', '\r']);
/** What ends a number, true, false or null. */
const endOfLiteral = /[,}\]\s]/g;

/** How deep lines are indented at most; deeper ones stay at that column, so that nesting cannot blow up the size. */
const deepestColumn = 64;
const lines = Array.from({ length: deepestColumn + 1 }, (_, depth) => `\n${'  '.repeat(depth)}`);

/**
 * Valid JSON with two spaces of indentation and a line feed at the end. Works on the text: parsing and encoding again
 * would change numbers beyond 2^53.
 */
export function indentJson(json: Buffer): Buffer {
  const text = json.toString('utf8');
  const pieces: string[] = [];
  let depth = 0;
  let at = 0;
  const newLine = () => lines[Math.min(depth, deepestColumn)] ?? '\n';
  const next = (from: number) => {
    let position = from;
    while (position < text.length && whitespace.has(text[position] ?? '')) position++;
    return position;
  };
  while (at < text.length) {
    const character = text[at] ?? '';
    switch (character) {
      case '"': {
        const end = endOfString(text, at);
        pieces.push(text.slice(at, end));
        at = end;
        break;
      }
      case '{':
      case '[': {
        const inside = next(at + 1);
        const closing = character === '{' ? '}' : ']';
        if (text[inside] === closing) {
          pieces.push(character, closing);
          at = inside + 1;
        } else {
          depth++;
          pieces.push(character, newLine());
          at = inside;
        }
        break;
      }
      case '}':
      case ']':
        depth--;
        pieces.push(newLine(), character);
        at++;
        break;
      case ',':
        pieces.push(',', newLine());
        at = next(at + 1);
        break;
      case ':':
        pieces.push(': ');
        at = next(at + 1);
        break;
      default:
        if (whitespace.has(character)) {
          at++;
        } else {
          endOfLiteral.lastIndex = at;
          const end = endOfLiteral.exec(text)?.index ?? text.length;
          pieces.push(text.slice(at, end));
          at = end;
        }
    }
  }
  pieces.push('\n');
  return Buffer.from(pieces.join(''));
}

function endOfString(text: string, start: number): number {
  let stop = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text.charCodeAt(stop - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return stop + 1;
    stop = text.indexOf('"', stop + 1);
  }
}
