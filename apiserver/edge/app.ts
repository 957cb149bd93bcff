import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express from 'express';

/**
 * The Express application. It holds one mount and none of Express' conveniences: paths are parsed by request/parse.ts,
 * bodies and answers are written by us, and nothing may redirect (the aggregator turns a redirect into 502).
 *
 * Requests for resources do not go through it: it would hand them to the same function, after a fifth of their time.
 */
export function createApp(handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use((req, res) => handle(req, res));
  return (req, res) => {
    // The chain answers every failure itself: its promise does not reject.
    if (RESOURCES.test(req.url ?? '')) void handle(req, res);
    else app(req, res);
  };
}

const RESOURCES = /^\/apis?\//;
