import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express from 'express';

/**
 * The Express application. It holds one mount and none of Express' conveniences: paths are parsed by request/parse.ts,
 * bodies and answers are written by us, and nothing may redirect (the aggregator turns a redirect into 502).
 */
export function createApp(handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use((req, res) => handle(req, res));
  return app;
}
