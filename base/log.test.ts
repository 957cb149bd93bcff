import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, levelFromEnvironment } from './log.ts';

function captured(level?: 'debug'): { lines: Record<string, unknown>[]; log: ReturnType<typeof createLogger> } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createLogger('torpor-test', level === undefined ? { destination } : { destination, level }) };
}

describe('log', () => {
  it('writes one JSON line with name, level by word and time as RFC 3339', () => {
    const { lines, log } = captured();
    log.info({ machine: 'default/web' }, 'machine started');
    assert.equal(lines.length, 1);
    const line = lines[0] ?? {};
    assert.equal(line.name, 'torpor-test');
    assert.equal(line.level, 'info');
    assert.equal(line.machine, 'default/web');
    assert.equal(line.msg, 'machine started');
    assert.match(String(line.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('never writes a secret, however deep within four levels', () => {
    const { lines, log } = captured();
    log.info(
      { token: 'hunter2', a: { password: 'hunter2', b: { userData: 'hunter2', c: { authorization: 'hunter2' } } } },
      'x',
    );
    log.info({ user: { 'client-key-data': 'hunter2' }, 'client-key-data': 'hunter2' }, 'x');
    for (const line of lines) assert.doesNotMatch(JSON.stringify(line), /hunter2/);
    assert.match(JSON.stringify(lines[0]), /\[redacted\]/);
  });

  it('writes errors with message and stack under err and error', () => {
    const { lines, log } = captured();
    log.error({ err: new Error('first') }, 'x');
    log.error({ error: new Error('second') }, 'x');
    const [first, second] = lines as { err?: { message: string; stack: string }; error?: { message: string } }[];
    assert.equal(first?.err?.message, 'first');
    assert.match(first?.err?.stack ?? '', /log\.test/);
    assert.equal(second?.error?.message, 'second');
  });

  it('keeps the level and falls back to info for an unknown one', () => {
    const { lines, log } = captured();
    log.debug('not seen');
    assert.equal(lines.length, 0);
    captured('debug').log.debug('seen');
    assert.equal(levelFromEnvironment({ TORPOR_LOG_LEVEL: 'debug' }), 'debug');
    assert.equal(levelFromEnvironment({ TORPOR_LOG_LEVEL: 'shouting' }), 'info');
    assert.equal(levelFromEnvironment({}), 'info');
  });
});
