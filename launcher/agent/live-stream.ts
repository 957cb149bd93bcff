import type { Duplex } from 'node:stream';
import { Backoff } from '../../base/backoff.ts';
import type { Connection } from '../../openapi/client/connection.ts';
import { openUpgrade } from '../../openapi/client/upgrade.ts';
import type { LiveStages } from './live-stages.ts';

/**
 * The stream of live values to one API server: GET …/hosts/<node>/live with `Upgrade: torpor-live`, then JSON lines.
 *
 * L1  After each (re)connect all values are sent, then changes; changes of 50 ms go in one line.
 * L2  A ping is sent every 10 s; 30 s without a sign of the server end the connection.
 * L3  A connection that ends is opened again after a growing pause, for as long as the agent lives.
 * L4  A server that does not read is disconnected once 1 MiB waits: it gets everything at the next connect.
 */
const PING_MS = 10_000;
const SILENCE_MS = 30_000;
const GATHER_MS = 50;
const MOST_UNSENT = 1024 * 1024;

export interface LiveStreamOptions {
  readonly connection: Connection;
  readonly nodeName: string;
  readonly stages: LiveStages;
  readonly onProblem: (problem: string, error?: unknown) => void;
}

/** Runs until the signal aborts; never rejects. */
export async function runLiveStream(options: LiveStreamOptions, signal: AbortSignal): Promise<void> {
  const backoff = new Backoff({ initialMs: 500, maxMs: 15_000 });
  while (!signal.aborted) {
    const started = performance.now();
    try {
      const path = `/apis/torpor.dev/v1alpha1/hosts/${encodeURIComponent(options.nodeName)}/live`;
      const { socket, head } = await openUpgrade(options.connection, path, 'torpor-live', { signal });
      if (head.length > 0) socket.unshift(head);
      await converse(socket, options.stages, signal);
    } catch (error) {
      if (!signal.aborted) options.onProblem('the live stream to the API server cannot be opened', error);
    }
    if (performance.now() - started > SILENCE_MS) backoff.reset();
    await backoff.wait(signal).catch(() => undefined);
  }
}

/** Resolves when the connection has ended, whoever ended it. */
function converse(socket: Duplex, stages: LiveStages, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let gathered: Record<string, unknown> = {};
    let gathering: NodeJS.Timeout | undefined;
    let pings = 0;
    const end = () => {
      clearInterval(pinging);
      clearTimeout(silence);
      clearTimeout(gathering);
      signal.removeEventListener('abort', end);
      unfollow();
      socket.destroy();
      resolve();
    };
    const send = (value: unknown) => {
      if (socket.writableLength > MOST_UNSENT) end();
      else socket.write(`${JSON.stringify(value)}\n`);
    };
    const silence = setTimeout(end, SILENCE_MS);
    const pinging = setInterval(() => send({ ping: ++pings }), PING_MS);
    const flush = () => {
      gathering = undefined;
      const machines = gathered;
      gathered = {};
      send({ machines });
    };
    socket.on('data', () => silence.refresh());
    socket.once('error', end);
    socket.once('close', end);
    socket.once('end', end);
    signal.addEventListener('abort', end, { once: true });
    const unfollow = stages.follow((changes) => {
      Object.assign(gathered, changes);
      gathering ??= setTimeout(flush, GATHER_MS);
    });
    if (signal.aborted) end();
  });
}
