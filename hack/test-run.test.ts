import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { failuresOf, readCounts, runFile } from './test-run.ts';

describe('running one test file', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torpor-testrun-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function run(text: string, timeoutMs = 30_000) {
    const file = path.join(directory, `${Math.random().toString(36).slice(2)}.test.mjs`);
    await writeFile(file, `import { it } from 'node:test';\n${text}\n`);
    return runFile(file, timeoutMs);
  }

  it('counts what passed, failed and was skipped', async () => {
    const good = await run("it('a', () => {}); it('b', { skip: 'why' }, () => {});");
    assert.equal(good.passed, true, good.output);
    assert.deepEqual([good.counts.tests, good.counts.pass, good.counts.skipped], [2, 1, 1]);
    const bad = await run("it('good', () => {}); it('bad', () => { throw new Error('because'); });");
    assert.equal(bad.passed, false);
    assert.deepEqual([bad.counts.pass, bad.counts.fail], [1, 1]);
    assert.match(failuresOf(bad.output), /not ok 2 - bad[\s\S]*because/);
    assert.doesNotMatch(failuresOf(bad.output), /^ok 1/m);
  });

  it('R1 takes silence, an early exit and a crash for failures', async () => {
    const silent = await run('');
    assert.deepEqual([silent.passed, silent.trouble], [false, 'ended with status 0 and without a result']);
    const left = await run("it('a', () => { process.exit(0); });");
    assert.equal(left.passed, false);
    const crashed = await run("throw new Error('at once');");
    assert.equal(crashed.passed, false);
    assert.match(crashed.output, /at once/);
  });

  it('R2 kills a file that takes too long, with its children, and keeps its output', async () => {
    const result = await run(
      "import { spawn } from 'node:child_process'; it('a', async () => { console.log('begun'); const c = spawn('sleep', ['600'], { stdio: 'inherit' }); await new Promise((r) => c.on('exit', r)); });",
      2500,
    );
    assert.equal(result.passed, false);
    assert.match(result.trouble, /killed after 3 s/);
    assert.match(result.output, /begun/);
    assert.ok(result.milliseconds < 15_000);
  });

  it('tells of a failed assertion without a message at once, also in a long file', async () => {
    const lines = Array.from(
      { length: 2000 },
      (_, index) => `export const a${index} = { b: [() => ({ c: ${index} })] };`,
    );
    const failing = "import assert from 'node:assert/strict'; it('a', () => { assert.ok([].includes(1)); });";
    const file = path.join(directory, 'long.test.ts');
    await writeFile(file, `import { it } from 'node:test';\n${lines.join('\n')}\n${failing}\n`);
    const result = await runFile(file, 60_000);
    assert.deepEqual([result.trouble, result.counts.fail], ['', 1], result.output);
    assert.match(failuresOf(result.output), /the expression is false, not true[\s\S]*long\.test\.ts:2002/);
  });

  it('leaves threads that a test starts alone', async () => {
    const thread = "new Worker('require(\\'node:worker_threads\\').parentPort.postMessage(1)', { eval: true })";
    const result = await run(
      `import { once } from 'node:events'; import { Worker } from 'node:worker_threads'; it('a', async () => { await once(${thread}, 'message'); });`,
    );
    assert.equal(result.passed, true, result.output);
  });

  it('reads the last closing lines, not some in the middle', () => {
    const block = (pass: number) =>
      `# tests 3\n# suites 1\n# pass ${pass}\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0\n# duration_ms 5\n`;
    assert.equal(readCounts(`${block(1)}text\n${block(3)}`)?.pass, 3);
    assert.equal(readCounts('# pass 3'), undefined);
  });
});
