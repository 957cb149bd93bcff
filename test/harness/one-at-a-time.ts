import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until no other process of this machine works with what the name stands for, and keeps them waiting until this
 * process ends, however it ends: the lock is a socket that only one can listen on, and no file stays behind. Rejects
 * after `ms`.
 */
export async function oneAtATime(name: string, ms: number): Promise<void> {
  if (held.has(name)) return;
  const deadline = performance.now() + ms;
  while (!(await listens(name))) {
    if (performance.now() > deadline) throw new Error(`another process has worked with ${name} for ${ms} ms`);
    await sleep(200);
  }
  held.add(name);
}

const held = new Set<string>();

function listens(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    // Linux keeps names that begin with a zero byte outside of the file system.
    server.listen(`\0torpor-test ${name}`, () => {
      server.unref();
      resolve(true);
    });
  });
}
