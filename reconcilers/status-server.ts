import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../base/flags.ts';
import type { Metrics } from '../base/metrics.ts';

/** /metrics, /healthz (the process answers) and /readyz (it does its work), plain HTTP for the loopback. */
export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function serveStatus(
  address: Endpoint,
  parts: { readonly metrics: Metrics; ready(): boolean },
): Promise<StatusServer> {
  const server = createServer((request, response) => {
    const answer = (code: number, text: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
      response.end(text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'only GET is served\n');
    switch (request.url?.split('?')[0]) {
      case '/healthz':
      case '/livez':
        return answer(200, 'ok');
      case '/readyz':
        return parts.ready() ? answer(200, 'ok') : answer(503, 'informers are not in step with the API server yet\n');
      case '/metrics':
        parts.metrics.text().then(
          (text) => answer(200, text, parts.metrics.contentType),
          (error: unknown) => answer(500, `metrics could not be collected: ${String(error)}\n`),
        );
        return;
      default:
        return answer(404, 'served are /metrics, /healthz and /readyz\n');
    }
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
