import { isJsonObject } from './json-value.ts';

/**
 * JSON data as YAML text, in blocks and with two spaces of indentation. Whatever YAML could take for something else than
 * the text that it is stands in double quotes, as JSON writes it; so every reader of YAML 1.1 and 1.2 reads the same.
 * Linear in the size of the value: a general library takes a hundred times longer.
 */
export function yamlOf(value: unknown): string {
  const pieces: string[] = [];
  writeValue(value, '', '', pieces);
  return pieces.join('');
}

/** One entry of a block sequence, at the left margin. */
export function yamlItemOf(value: unknown): string {
  return yamlOf([value]);
}

/** `lead` is what stands before the value on its line; `pad` the indentation of its further lines. */
function writeValue(value: unknown, lead: string, pad: string, pieces: string[]): void {
  if (Array.isArray(value) && value.length > 0) {
    let first = lead;
    for (const item of value) {
      writeNested(item, `${first}- `, `${pad}  `, pieces);
      first = pad;
    }
    return;
  }
  if (isJsonObject(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.length > 0) {
      let first = lead;
      for (const [name, member] of members) {
        const key = `${first}${scalar(name)}:`;
        if (!isBlock(member)) pieces.push(`${key} ${flat(member)}\n`);
        else {
          pieces.push(`${key}\n`);
          // Items of a list stand at the column of their key, as kubectl prints them.
          const inner = Array.isArray(member) ? pad : `${pad}  `;
          writeValue(member, inner, inner, pieces);
        }
        first = pad;
      }
      return;
    }
  }
  pieces.push(`${lead}${flat(value)}\n`);
}

function writeNested(value: unknown, lead: string, pad: string, pieces: string[]): void {
  if (isBlock(value)) writeValue(value, lead, pad, pieces);
  else pieces.push(`${lead}${flat(value)}\n`);
}

const isBlock = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isJsonObject(value) && Object.keys(value).length > 0;

function flat(value: unknown): string {
  if (typeof value === 'string') return scalar(value);
  if (Array.isArray(value)) return '[]';
  return isJsonObject(value) ? '{}' : (JSON.stringify(value) ?? 'null');
}

/** Texts that no reader takes for a number, a time, a boolean or syntax. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*$/;
const words = /^(?:y|yes|n|no|true|false|on|off|null)$/i;

function scalar(text: string): string {
  return text.length <= 256 && plain.test(text) && !words.test(text) ? text : JSON.stringify(text);
}
