import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  addressOf,
  assertNothingLeft,
  example,
  http,
  kubectl,
  kubectlJSON,
  traces,
  up,
} from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';

interface Machines {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

const SELECTOR = '--selector=app=tiny-pool';

describe('a pool of machines', () => {
  let traced: string[] = [];
  const names = async () =>
    (await kubectlJSON<Machines>(['get', 'vm', SELECTOR])).items.map(({ metadata }) => metadata.name);
  const ready = (count: number) =>
    kubectl(['wait', 'vmpool/tiny-pool', `--for=jsonpath={.status.readyReplicas}=${count}`, '--timeout=110s']);

  before(async () => {
    await up();
    traced = traces();
  });

  it('has one machine that runs and answers', async () => {
    await kubectl(['apply', '-f', '-'], example('pool.yaml'));
    await ready(1);
    const [name = ''] = await names();
    assert.match(await http(await addressOf(name), '/', 110_000), /hello from a pool/);
  });

  it('grows to three that all answer, and keeps the first', async () => {
    const [first = ''] = await names();
    await kubectl(['scale', 'vmpool', 'tiny-pool', '--replicas=3', '--current-replicas=1']);
    await ready(3);
    const all = await names();
    assert.equal(all.length, 3);
    assert.ok(all.includes(first));
    const addresses = await Promise.all(all.map((name) => addressOf(name)));
    assert.equal(new Set(addresses).size, 3);
    for (const page of await Promise.all(addresses.map((address) => http(address, '/', 110_000)))) {
      assert.match(page, /hello from a pool/);
    }
    assert.match(await kubectl(['get', 'vmpools']), /tiny-pool\s+3\s+3\s+3\s+3/);
  });

  it('shrinks to none without a trace, and grows again', async () => {
    await kubectl(['scale', 'vmpool', 'tiny-pool', '--replicas=0']);
    await eventually('no machine left', 60_000, async () => ((await names()).length === 0 ? true : undefined));
    await assertNothingLeft(traced);
    await kubectl(['scale', 'vmpool', 'tiny-pool', '--replicas=1']);
    await ready(1);
  });

  it('takes its machines along when it is deleted', async () => {
    await kubectl(['delete', 'vmpool', 'tiny-pool', '--timeout=60s']);
    await eventually('no machine left', 60_000, async () => ((await names()).length === 0 ? true : undefined));
    await assertNothingLeft(traced);
  });
});
