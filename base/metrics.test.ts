import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics, DURATION_BUCKETS } from './metrics.ts';

const quiet = { processMetrics: false };

describe('metrics', () => {
  it('M1 shows every known combination of labels at zero before the first event', async () => {
    const metrics = createMetrics(quiet);
    metrics.counter({ name: 'a_total', help: 'a', labels: { verb: ['get', 'list'], code: ['200', '500'] } });
    metrics.histogram({ name: 'd_seconds', help: 'd', labels: { verb: ['get'] }, buckets: [0.1, 1] });
    metrics.gauge({ name: 'g', help: 'g', labels: { queue: ['main'] } });
    metrics.counter({ name: 'plain_total', help: 'p' });
    const text = await metrics.text();
    for (const verb of ['get', 'list']) {
      for (const code of ['200', '500']) assert.match(text, new RegExp(`a_total{verb="${verb}",code="${code}"} 0`));
    }
    assert.match(text, /d_seconds_count{verb="get"} 0/);
    assert.match(text, /g{queue="main"} 0/);
    assert.match(text, /plain_total 0/);
  });

  it('M1 makes no series for labels whose values are not known beforehand', async () => {
    const metrics = createMetrics(quiet);
    const counter = metrics.counter({ name: 'b_total', help: 'b', labels: { node: [] } });
    assert.doesNotMatch(await metrics.text(), /b_total{/);
    counter.inc({ node: 'n1' });
    assert.match(await metrics.text(), /b_total{node="n1"} 1/);
  });

  it('M2 refuses a second metric of one name', () => {
    const metrics = createMetrics(quiet);
    metrics.counter({ name: 'c_total', help: 'c' });
    assert.throws(() => metrics.counter({ name: 'c_total', help: 'c' }), /already been registered/);
  });

  it('keeps registries apart, asks a gauge at scrape time, and adds process figures by default', async () => {
    const one = createMetrics(quiet);
    const two = createMetrics();
    let depth = 3;
    one.gauge({
      name: 'depth',
      help: 'd',
      collect() {
        this.set(depth);
      },
    });
    depth = 7;
    assert.match(await one.text(), /depth 7/);
    assert.doesNotMatch(await two.text(), /^depth /m);
    assert.match(await two.text(), /process_resident_memory_bytes \d+/);
    assert.ok(DURATION_BUCKETS.every((bound, index) => index === 0 || bound > (DURATION_BUCKETS[index - 1] ?? 0)));
  });
});
