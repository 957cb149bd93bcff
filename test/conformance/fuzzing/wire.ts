import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import fc from 'fast-check';
import type { Bench } from './bench.ts';
import type { Property } from './properties.ts';

/** Bytes on a TLS connection that no HTTP library would send. */
const PATIENCE_MS = 3_000;

const anyLine = fc.oneof(
  fc.constantFrom(
    'GET / HTTP/1.1',
    'GET /apis/%zz HTTP/1.1',
    'GET /api/v1/namespaces/%00 HTTP/1.1',
    'GET //apis HTTP/1.1',
    'GET * HTTP/1.1',
    'GET http://other/apis HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'GET /\u00ff\u00fe HTTP/1.1',
    'get / http/1.1',
    'GET /',
    'PRI * HTTP/2.0',
    'POST /api/v1/namespaces/default/configmaps HTTP/1.1',
    'GET /?\u0080=%ff%fe HTTP/1.1',
    'GET /apis/torpor.dev/../../etc HTTP/1.0',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const anyHeaderLine = fc.oneof(
  fc.constantFrom(
    'Host: a',
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 99999999999',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Version: 13',
    'Expect: 100-continue',
    'Content-Type: application/json',
    'X-Remote-User: root',
    ' folded',
    'No colon',
    ': empty',
    'Host: b',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.integer({ min: 1, max: 80_000 }).map((length) => `X-Long: ${'x'.repeat(length)}`),
);
const anyRequest = fc.tuple(
  anyLine,
  fc.array(anyHeaderLine, { maxLength: 8 }),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);

/** What came back before the connection closed or nothing more came. */
function exchange(bench: Bench, bytes: Buffer): Promise<string> {
  const { server } = bench;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: server.ca });
    let text = '';
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(done, PATIENCE_MS);
    socket.on('secureConnect', () => socket.end(bytes));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}

export const wireProperty: Property = {
  name: 'bytes on the wire',
  check: (bench, { seed, runs }) =>
    fc.assert(
      fc.asyncProperty(anyRequest, async ([line, headers, body]) => {
        const head = `${[line, ...headers].join('\r\n')}\r\n\r\n`;
        const text = await exchange(bench, Buffer.concat([Buffer.from(head, 'latin1'), body]));
        const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
        assert.ok(text === '' || status !== undefined, `${JSON.stringify(head)} → ${text.slice(0, 300)}`);
        if (status !== undefined) assert.ok(Number(status) < 500, `${JSON.stringify(head)} → ${text.slice(0, 500)}`);
        assert.ok(bench.server.alive);
      }),
      {
        seed,
        numRuns: Math.ceil(runs / 2),
        interruptAfterTimeLimit: 120_000,
        markInterruptAsFailure: false,
        includeErrorInReport: true,
      },
    ),
};
