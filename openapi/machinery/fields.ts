import { quote } from './field-error.ts';
import { SelectorError } from './label-grammar.ts';

/** Field selectors: `metadata.name=a,status.phase!=Running`, with `\\`, `\,` and `\=` as escapes. */
export interface FieldRequirement {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

/** All must hold. An empty list matches everything. */
export type FieldSelector = readonly FieldRequirement[];

/** Reads the text of ?fieldSelector=. Throws SelectorError, which the API answers as 400. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(term: string, whole: string): FieldRequirement {
  for (let at = 0; at < term.length; at++) {
    if (term[at] === '\\') {
      at++;
      continue;
    }
    for (const operator of ['!=', '==', '=']) {
      if (term.startsWith(operator, at)) {
        const value = unescapeValue(term.slice(at + operator.length));
        return { path: term.slice(0, at), equal: operator !== '!=', value };
      }
    }
  }
  throw new SelectorError(`invalid selector: '${whole}'; can't understand '${term}'`);
}

function unescapeValue(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '\\') {
      const escaped = text[++at];
      if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
        throw new SelectorError(`invalid field selector: invalid escape sequence: ${character}${escaped ?? ''}`);
      }
      result += escaped;
    } else if (character === ',' || character === '=') {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${character}`);
    } else {
      result += character;
    }
  }
  return result;
}

export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

export function formatFieldSelector(selector: FieldSelector): string {
  return selector.map(({ path, equal, value }) => `${path}${equal ? '=' : '!='}${escapeFieldValue(value)}`).join(',');
}

/** Throws SelectorError for a path that the resource does not offer, in Kubernetes' words. */
export function checkFieldSelector(selector: FieldSelector, known: readonly string[]): void {
  for (const { path } of selector) {
    if (!known.includes(path)) {
      throw new SelectorError(
        `${quote(path)} is not a known field selector: only ${known.map((name) => quote(name)).join(', ')}`,
      );
    }
  }
}

/** `read` gives the text of a path, '' when the object has nothing there. */
export function matchesFields(selector: FieldSelector, read: (path: string) => string): boolean {
  return selector.every(({ path, equal, value }) => (read(path) === value) === equal);
}

/** The value that the selector fixes for `path` (`metadata.name=x`), undefined when it does not. */
export function requiredFieldValue(selector: FieldSelector, path: string): string | undefined {
  return selector.find((requirement) => requirement.path === path && requirement.equal)?.value;
}
