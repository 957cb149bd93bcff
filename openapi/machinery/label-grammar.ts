/**
 * The grammar of label selectors as apimachinery's labels.Parse reads it, with its error texts. Whether `in` and
 * `notin` are operators or plain words depends on where they stand.
 */
export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';

/** `=`, `==` are In with one value, `!=` is NotIn with one value. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A selector that cannot be read; the message is Kubernetes', the API answers it as 400. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' };

const end: Token = { kind: 'end', text: '' };
const special = '=!(),><';
const symbols = new Set(['!', '=', '==', '!=', '(', ')', ',', '>', '<']);

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (' \t\r\n'.includes(character)) {
      at++;
    } else if (special.includes(character)) {
      const pair = text.slice(at, at + 2);
      const symbol = symbols.has(pair) ? pair : character;
      tokens.push({ kind: 'symbol', text: symbol });
      at += symbol.length;
    } else {
      const start = at;
      while (at < text.length && !special.includes(text[at] ?? '') && !' \t\r\n'.includes(text[at] ?? '')) at++;
      tokens.push({ kind: 'word', text: text.slice(start, at) });
    }
  }
  return tokens;
}

const binaryOperators: Readonly<Record<string, LabelOperator>> = {
  in: 'In',
  notin: 'NotIn',
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  '>': 'GreaterThan',
  '<': 'LessThan',
};

export function parseSelectorText(text: string): LabelRequirement[] {
  const tokens = scan(text);
  let position = 0;
  const peek = () => tokens[position] ?? end;
  const next = () => tokens[position++] ?? end;
  const is = (token: Token, symbol: string) => token.kind === 'symbol' && token.text === symbol;
  const fail = (token: Token, expected: string): never => {
    throw new SelectorError(`unable to parse requirement: found '${token.text}', expected: ${expected}`);
  };

  const values = (): string[] => {
    const open = next();
    if (!is(open, '(')) fail(open, "'('");
    const found = new Set<string>();
    // An empty place between commas is the empty value, as in Kubernetes.
    let place = '';
    for (;;) {
      const token = next();
      if (token.kind === 'word') {
        if (place !== '') fail(token, "',' or ')'");
        place = token.text;
      } else if (is(token, ',')) {
        found.add(place);
        place = '';
        const following = peek();
        if (following.kind !== 'word' && !is(following, ',') && !is(following, ')')) {
          fail(following, "',', or identifier");
        }
      } else if (is(token, ')')) {
        if (place !== '' || found.size > 0) found.add(place);
        return [...found];
      } else {
        fail(token, place === '' && found.size === 0 ? "',', ')' or identifier" : "',' or ')'");
      }
    }
  };

  const exactValue = (): string[] => {
    const following = peek();
    if (following.kind === 'end' || is(following, ',')) return [''];
    const token = next();
    if (token.kind !== 'word') fail(token, 'identifier');
    return [token.text];
  };

  const requirement = (): LabelRequirement => {
    const absent = is(peek(), '!');
    if (absent) next();
    const name = next();
    if (name.kind !== 'word') fail(name, 'identifier');
    const key = name.text;
    if (absent) return { key, operator: 'DoesNotExist', values: [] };
    const following = peek();
    if (following.kind === 'end' || is(following, ',')) return { key, operator: 'Exists', values: [] };
    const token = next();
    const operator = Object.hasOwn(binaryOperators, token.text) ? binaryOperators[token.text] : undefined;
    if (!operator) return fail(token, 'in, notin, =, ==, !=, gt, lt');
    return { key, operator, values: token.kind === 'word' ? values() : exactValue() };
  };

  const list: LabelRequirement[] = [];
  while (peek().kind !== 'end') {
    const first = peek();
    if (first.kind !== 'word' && !is(first, '!')) fail(first, "!, identifier, or 'end of string'");
    list.push(requirement());
    const separator = next();
    if (separator.kind === 'end') break;
    if (!is(separator, ',')) fail(separator, "',' or 'end of string'");
    const following = peek();
    if (following.kind !== 'word' && !is(following, '!')) fail(following, "identifier after ','");
  }
  return list;
}
