import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../base/metrics.ts';
import { serveStatus } from './status-server.ts';

test('health, readiness, metrics, and what else is asked', async () => {
  let ready = false;
  const metrics = createMetrics({ processMetrics: false });
  metrics.counter({ name: 'torpor_test_total', help: 'x', labels: {} });
  const server = await serveStatus({ host: '127.0.0.1', port: 0 }, { metrics, ready: () => ready });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return `${response.status} ${(await response.text()).split('\n')[0]}`;
  };
  assert.equal(await get('/healthz?verbose'), '200 ok');
  assert.match(await get('/readyz'), /^503 informers/);
  ready = true;
  assert.equal(await get('/readyz'), '200 ok');
  assert.match(await get('/metrics'), /^200 # HELP torpor_test_total/);
  assert.match(await get('/x'), /^404 served are/);
  assert.match(await get('/healthz', 'POST'), /^405/);
  await assert.rejects(
    serveStatus({ host: '127.0.0.1', port: server.port }, { metrics, ready: () => ready }),
    /EADDRINUSE/,
  );
  await server.close();
});
