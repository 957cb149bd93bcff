import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../../../base/log.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import { followPolicySource } from './source.ts';

const logger = createLogger('test', { level: 'silent' as never });

function sourceOf(serves: () => Promise<boolean>) {
  const follow = (): never => assert.fail('nothing is followed');
  return followPolicySource({ serves, follow }, logger);
}

test('F1: who may not discover the policies does not know that there are none', async () => {
  const source = sourceOf(async () => {
    throw errors.forbidden(undefined, '', 'no leave to discover');
  });
  await turn();
  assert.match(source.unready ?? '', /not known .*: .*no leave to discover/);
  await source.close();
});

test('F1: a cluster that does not serve them has none', async () => {
  const source = sourceOf(async () => false);
  assert.deepEqual(await source.policies(), []);
  assert.equal(source.unready, undefined);
  await source.close();
});
