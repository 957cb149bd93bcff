import { parseArgs } from 'node:util';

/**
 * Command-line flags as Kubernetes programs have them: `--name value`, `--name=value`, `--switch`, `--switch=false`;
 * an unknown flag, a missing value or an argument that is no flag is an error that names it.
 *
 * A program declares its flags once; types, help text and checks follow from the declaration:
 *
 *     const flags = { 'secure-port': flag.integer({ about: 'Port to serve on.', fallback: 7443, min: 0, max: 65535 }) };
 *     const outcome = parseFlags({ name: 'torpor-apiserver', about: 'Serves the API.', flags }, process.argv.slice(2));
 */
export interface Flag<T> {
  readonly about: string;
  /** What the help text shows for the value; undefined for switches. */
  readonly placeholder: string | undefined;
  readonly fallback: T | undefined;
  readonly required: boolean;
  /** Each occurrence adds to the value instead of replacing it. */
  readonly repeatable: boolean;
  /** Reads one value; throws an Error whose message completes "invalid value … for --flag: ". */
  parse(text: string, before: T | undefined): T;
  /** The default as the help text shows it; absent = by its type. */
  show?(value: T): string;
}

interface Base<T> {
  /** One sentence for the help text. */
  readonly about: string;
  readonly fallback?: T;
  readonly required?: boolean;
}

type Optional<T, O> = O extends { fallback: T } | { required: true } ? Flag<T> : Flag<T | undefined>;

function make<T, O extends Base<T>>(
  options: O,
  placeholder: string | undefined,
  parse: (text: string, before: T | undefined) => T,
  more: { readonly repeatable?: boolean; readonly show?: (value: T) => string } = {},
): Optional<T, O> {
  const { about, fallback, required = false } = options;
  return { repeatable: false, about, placeholder, fallback, required, parse, ...more } as unknown as Optional<T, O>;
}

export const flag = {
  text: <O extends Base<string>>(options: O): Optional<string, O> => make<string, O>(options, 'TEXT', (text) => text),

  file: <O extends Base<string>>(options: O): Optional<string, O> => make<string, O>(options, 'FILE', notEmpty),

  directory: <O extends Base<string>>(options: O): Optional<string, O> =>
    make<string, O>(options, 'DIRECTORY', notEmpty),

  toggle: (options: { readonly about: string; readonly fallback?: boolean }): Flag<boolean> =>
    make<boolean, { about: string; fallback: boolean }>({ fallback: false, ...options }, undefined, (text) => {
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw new Error('must be true or false');
    }),

  integer: <O extends Base<number> & { readonly min?: number; readonly max?: number }>(
    options: O,
  ): Optional<number, O> =>
    make<number, O>(options, 'NUMBER', (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
      if (!(value >= min && value <= max)) throw new Error(`must be a whole number from ${min} to ${max}`);
      return value;
    }),

  /** Milliseconds from Go-like text: 1h30m, 10s, 250ms. */
  duration: <O extends Base<number>>(options: O): Optional<number, O> =>
    make<number, O>(options, 'DURATION', parseDuration, { show: showDuration }),

  choice: <const C extends string, O extends Base<C>>(choices: readonly C[], options: O): Optional<C, O> =>
    make<C, O>(options, choices.join('|'), (text) => {
      const found = choices.find((choice) => choice === text);
      if (found === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
      return found;
    }),

  /** HOST:PORT; an IPv6 host stands in brackets. */
  endpoint: <O extends Base<Endpoint>>(options: O): Optional<Endpoint, O> =>
    make<Endpoint, O>(options, 'HOST:PORT', parseEndpoint),

  /** Comma-separated and repeatable. */
  list: (options: { readonly about: string; readonly fallback?: readonly string[] }): Flag<readonly string[]> =>
    make<readonly string[], { about: string; fallback: readonly string[] }>(
      { fallback: [], ...options },
      'A,B,…',
      (text, before) => [...(before ?? []), ...text.split(',').filter((item) => item !== '')],
      { repeatable: true },
    ),
};

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

function notEmpty(text: string): string {
  if (text === '') throw new Error('must not be empty');
  return text;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new Error('must be a duration such as 1h30m, 10s or 250ms');
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

function showDuration(milliseconds: number): string {
  const unit = (['h', 'm', 's'] as const).find((name) => milliseconds % (UNITS[name] ?? 1) === 0) ?? 'ms';
  return milliseconds === 0 ? '0s' : `${milliseconds / (UNITS[unit] ?? 1)}${unit}`;
}

function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Error('must be HOST:PORT, for example 127.0.0.1:7445');
  return { host, port };
}

export type FlagSet = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<F extends FlagSet> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

export interface Program<F extends FlagSet> {
  readonly name: string;
  readonly about: string;
  readonly flags: F;
  /** Headings of the help text and the names of the flags below each; absent = one list. Every flag stands under one. */
  readonly sections?: Readonly<Record<string, readonly string[]>>;
  /** Flags that a person may know from a similar program and that this one has not: why. */
  readonly declined?: Readonly<Record<string, string>>;
}

export type FlagOutcome<F extends FlagSet> =
  | { readonly kind: 'run'; readonly flags: FlagValues<F> }
  | { readonly kind: 'help'; readonly text: string }
  /** All that is wrong, one line each, so that a person mends it in one go. */
  | { readonly kind: 'wrong'; readonly text: string };

export function parseFlags<F extends FlagSet>(program: Program<F>, args: readonly string[]): FlagOutcome<F> {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const [name, declared] of Object.entries(program.flags)) {
    options[name] = { type: declared.placeholder === undefined ? 'boolean' : 'string' };
  }
  // Not strict: parseArgs' own errors know neither --switch=false nor all faults at once.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, unknown>();
  const wrong: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') wrong.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.rawName === '-h') return { kind: 'help', text: helpText(program) };
    const declared = Object.hasOwn(program.flags, token.name) ? program.flags[token.name] : undefined;
    if (declared === undefined || !token.rawName.startsWith('--')) {
      const why = Object.hasOwn(program.declined ?? {}, token.name) ? `: ${program.declined?.[token.name]}` : '';
      wrong.push(`unknown flag: ${token.rawName}${why}`);
      continue;
    }
    const text = token.value ?? (declared.placeholder === undefined ? 'true' : undefined);
    if (text === undefined || (token.inlineValue === false && text.startsWith('--'))) {
      wrong.push(`flag needs a value: ${token.rawName} ${declared.placeholder ?? ''}`.trimEnd());
      continue;
    }
    try {
      given.set(token.name, declared.parse(text, given.get(token.name)));
    } catch (error) {
      wrong.push(`invalid value ${JSON.stringify(text)} for --${token.name}: ${(error as Error).message}`);
    }
  }
  const values: Record<string, unknown> = {};
  for (const [name, declared] of Object.entries(program.flags)) {
    if (declared.required && !given.has(name) && !wrong.some((line) => line.includes(`--${name}`))) {
      wrong.push(`missing flag: --${name} ${declared.placeholder ?? ''} (${declared.about})`);
    }
    values[name] = given.has(name) ? given.get(name) : declared.fallback;
  }
  if (wrong.length > 0) {
    return {
      kind: 'wrong',
      text: `${wrong.map((line) => `${program.name}: ${line}`).join('\n')}\nSee ${program.name} --help.\n`,
    };
  }
  return { kind: 'run', flags: values as FlagValues<F> };
}

function shownFallback({ fallback: value, show }: Flag<unknown>): string {
  if (value !== undefined && show !== undefined) return ` (default ${show(value)})`;
  if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return '';
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value)
    return ` (default ${value.host}:${value.port})`;
  return ` (default ${Array.isArray(value) ? value.join(',') : String(value)})`;
}

/** The text of --help: one line per flag, in the order of declaration, under the headings of their sections. */
export function helpText<F extends FlagSet>(program: Program<F>): string {
  const flags: FlagSet = program.flags;
  const rowOf = (name: string): [string, string] => {
    const declared = flags[name] as Flag<unknown>;
    const left = `  --${name}${declared.placeholder === undefined ? '' : ` ${declared.placeholder}`}`;
    return [left, `${declared.about}${declared.required ? ' (required)' : shownFallback(declared)}`];
  };
  const sections = Object.entries(program.sections ?? { '': Object.keys(flags) }).map(
    ([title, names]): [string, [string, string][]] => [title, names.map(rowOf)],
  );
  sections.at(-1)?.[1].push(['  --help', 'Shows this text.']);
  const width = Math.min(44, Math.max(...sections.flatMap(([, rows]) => rows).map(([left]) => left.length)) + 2);
  const texts = sections.map(([title, rows]) => {
    const lines = rows.map(([left, right]) =>
      left.length < width ? `${left.padEnd(width)}${right}` : `${left}\n${' '.repeat(width)}${right}`,
    );
    return `${title === '' ? '' : `${title}:\n\n`}${lines.join('\n')}\n`;
  });
  return `${program.about}\n\nUsage: ${program.name} [flags]\n\n${texts.join('\n')}`;
}

/** For the first line of a program: the flags, or help on stdout and exit 0, or what is wrong on stderr and exit 2. */
export function flagsOrExit<F extends FlagSet>(
  program: Program<F>,
  args: readonly string[] = process.argv.slice(2),
): FlagValues<F> {
  const outcome = parseFlags(program, args);
  switch (outcome.kind) {
    case 'run':
      return outcome.flags;
    case 'help':
      process.stdout.write(outcome.text);
      return process.exit(0);
    case 'wrong':
      process.stderr.write(outcome.text);
      return process.exit(2);
  }
}
