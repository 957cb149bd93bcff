import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that was free a moment ago. Start what needs it soon, and try again with another when it fails. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given to the probe socket');
  return address.port;
}
