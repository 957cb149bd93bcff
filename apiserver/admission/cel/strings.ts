import type { Environment } from '@marcbachmann/cel-js';

/** Functions on strings that CEL's string and regex libraries have and the interpreter has not. */
export function registerStrings(environment: Environment): void {
  environment
    .registerFunction('string.charAt(int): string', (text: string, at: bigint) => {
      const letters = [...text];
      const index = Number(at);
      if (index < 0 || index > letters.length) throw new Error(`index out of range: ${at}`);
      return letters[index] ?? '';
    })
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      text.replaceAll(old, () => by),
    )
    .registerFunction(
      'string.replace(string, string, int): string',
      (text: string, old: string, by: string, limit: bigint) => {
        let rest = text;
        let done = '';
        for (let count = limit; count !== 0n && rest.includes(old); count -= 1n) {
          const at = rest.indexOf(old);
          done += rest.slice(0, at) + by;
          rest = rest.slice(at + old.length);
          if (old === '') break;
        }
        return done + rest;
      },
    )
    .registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''))
    .registerFunction('string.find(string): string', (text: string, pattern: string) => {
      return new RegExp(pattern).exec(text)?.[0] ?? '';
    })
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      [...text.matchAll(new RegExp(pattern, 'g'))].map(([found]) => found),
    )
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) => {
      const all = [...text.matchAll(new RegExp(pattern, 'g'))].map(([found]) => found);
      return limit < 0n ? all : all.slice(0, Number(limit));
    });
}
