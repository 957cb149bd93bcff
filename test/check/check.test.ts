import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checks, run } from '../../hack/check.ts';

/** hack/check as tests, so that CI's one number counts them too. The style suite is a stage of its own. */
describe('hack/check', { concurrency: 2 }, async () => {
  for (const check of await checks()) {
    if (check.command.some((word) => word.startsWith('test/style/'))) continue;
    it(check.name, async () => {
      const outcome = await run(check);
      assert.equal(outcome.status, 0, `\n${outcome.output.trim()}`);
    });
  }
});
