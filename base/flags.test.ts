import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flag, parseFlags } from './flags.ts';

const program = {
  name: 'torpor-test',
  about: 'Tests flags.',
  flags: {
    'secure-port': flag.integer({ about: 'Port.', fallback: 7443, min: 0, max: 65_535 }),
    'cert-dir': flag.directory({ about: 'Certificates.', required: true }),
    'node-name': flag.text({ about: 'Name of the node.' }),
    embedded: flag.toggle({ about: 'Serve the core kinds.' }),
    'leader-elect': flag.toggle({ about: 'Elect.', fallback: true }),
    period: flag.duration({ about: 'How often.', fallback: 10_000 }),
    listen: flag.endpoint({ about: 'Where.', fallback: { host: '127.0.0.1', port: 7445 } }),
    'allowed-names': flag.list({ about: 'Names.' }),
    mode: flag.choice(['fast', 'safe'], { about: 'Mode.' }),
  },
};

function run(...args: string[]) {
  const outcome = parseFlags(program, args);
  assert.equal(outcome.kind, 'run', outcome.kind === 'run' ? '' : outcome.text);
  return outcome.kind === 'run' ? outcome.flags : assert.fail();
}

function wrong(...args: string[]): string {
  const outcome = parseFlags(program, args);
  return outcome.kind === 'wrong' ? outcome.text : assert.fail(`expected an error, got ${outcome.kind}`);
}

describe('flags', () => {
  it('gives defaults, and types that need no check', () => {
    const flags = run('--cert-dir', '/x');
    const port: number = flags['secure-port'];
    const name: string | undefined = flags['node-name'];
    const directory: string = flags['cert-dir'];
    const mode: 'fast' | 'safe' | undefined = flags.mode;
    assert.deepEqual([port, name, directory, mode], [7443, undefined, '/x', undefined]);
    assert.equal(flags.embedded, false);
    assert.equal(flags['leader-elect'], true);
    assert.deepEqual(flags['allowed-names'], []);
    assert.deepEqual(flags.listen, { host: '127.0.0.1', port: 7445 });
  });

  it('reads --name value, --name=value, switches and switches with a value', () => {
    const flags = run('--cert-dir=/a=b', '--secure-port', '0', '--embedded', '--leader-elect=false', '--mode=safe');
    assert.equal(flags['cert-dir'], '/a=b');
    assert.equal(flags['secure-port'], 0);
    assert.equal(flags.embedded, true);
    assert.equal(flags['leader-elect'], false);
    assert.equal(flags.mode, 'safe');
  });

  it('adds up lists and reads durations and endpoints', () => {
    const flags = run(
      '--cert-dir=/a',
      '--allowed-names=a,b',
      '--allowed-names',
      'c',
      '--period=1m30s',
      '--listen=[::1]:80',
    );
    assert.deepEqual(flags['allowed-names'], ['a', 'b', 'c']);
    assert.equal(flags.period, 90_000);
    assert.deepEqual(flags.listen, { host: '::1', port: 80 });
  });

  it('names everything that is wrong at once', () => {
    const text = wrong(
      '--secure-port=99999',
      '--no-such',
      'stray',
      '--mode=slow',
      '--period=10',
      '--listen=nowhere',
      '-x',
    );
    for (const expected of [
      /invalid value "99999" for --secure-port: must be a whole number from 0 to 65535/,
      /unknown flag: --no-such/,
      /unexpected argument "stray"/,
      /invalid value "slow" for --mode: must be one of fast, safe/,
      /invalid value "10" for --period: must be a duration/,
      /invalid value "nowhere" for --listen: must be HOST:PORT/,
      /unknown flag: -x/,
      /missing flag: --cert-dir DIRECTORY/,
      /See torpor-test --help/,
    ]) {
      assert.match(text, expected);
    }
  });

  it('refuses a flag whose value was forgotten and names from the prototype', () => {
    assert.match(wrong('--cert-dir', '--embedded'), /flag needs a value: --cert-dir DIRECTORY/);
    assert.match(wrong('--cert-dir'), /flag needs a value: --cert-dir/);
    assert.match(wrong('--cert-dir=/a', '--constructor=x'), /unknown flag: --constructor/);
    assert.match(wrong('--cert-dir='), /must not be empty/);
    assert.match(wrong('--cert-dir=/a', '--embedded=perhaps'), /must be true or false/);
  });

  it('shows help with every flag, its default and what is required', () => {
    const outcome = parseFlags(program, ['--whatever', '--help']);
    const text = outcome.kind === 'help' ? outcome.text : assert.fail();
    for (const name of Object.keys(program.flags)) assert.match(text, new RegExp(`--${name}`));
    assert.match(text, /\(default 7443\)/);
    assert.match(text, /--period DURATION +How often\. \(default 10s\)/);
    assert.match(text, /\(default 127\.0\.0\.1:7445\)/);
    assert.match(text, /\(required\)/);
  });

  it('shows help in sections, and says why a flag of a similar program is not there', () => {
    const sections = {
      'Serving flags': ['secure-port', 'listen', 'cert-dir'],
      'Other flags': ['node-name', 'embedded', 'leader-elect', 'period', 'allowed-names', 'mode'],
    } as const;
    const declined = { 'goaway-chance': 'HTTP/1.1 has no GOAWAY' };
    const outcome = parseFlags({ ...program, sections, declined }, ['--help']);
    const text = outcome.kind === 'help' ? outcome.text : assert.fail();
    assert.match(
      text,
      /\n\nServing flags:\n\n {2}--secure-port NUMBER .*\n.*\n.*\n\nOther flags:\n\n {2}--node-name TEXT/,
    );
    assert.match(text, /--help +Shows this text\.\n$/);
    const refused = parseFlags({ ...program, sections, declined }, ['--cert-dir=/a', '--goaway-chance=0.1']);
    assert.match(
      refused.kind === 'wrong' ? refused.text : '',
      /unknown flag: --goaway-chance: HTTP\/1\.1 has no GOAWAY/,
    );
  });
});
