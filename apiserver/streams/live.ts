/**
 * The receiving end of an agent's live stream: GET …/hosts/<node>/live with `Upgrade: torpor-live`, then JSON lines
 * `{"machines": {"<uid>": {…} | null}}` (null: nothing more to say of it) and `{"ping": n}`, answered `{"pong": n}`.
 *
 * R1  Only the agent of the node itself may open it.
 * R2  What a peer can make us hold is bounded: the length of a line, the number of machines, unsent answers.
 * R3  A stream that is silent for `silenceMs` has ended, whatever TCP says.
 * R4  A wrong line ends the stream, and the agent is told why in a last line.
 * R5  However it ends, its values are gone (LiveValues E2) and no timer stays.
 */
import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { nodeOf } from '../access/launchers/identity.ts';
import type { UpgradeContext } from '../registry/resource.ts';
import { parseLiveLine } from './live-message.ts';
import type { LiveSession, LiveValues } from './live-values.ts';

export const liveProtocol = 'torpor-live';

export interface LiveOptions {
  readonly values: LiveValues;
  readonly logger: Logger;
  readonly silenceMs?: number;
}

const longestLine = 1024 * 1024;
const mostMachines = 10_000;
const mostUnsent = 64 * 1024;

/** Receives a host's live stream until it ends. */
export type ReceiveLive = (host: KubernetesObject, context: UpgradeContext) => Promise<void>;

export function createLiveReceiver(options: LiveOptions): ReceiveLive {
  return (host, context) => receive(host, context, options);
}

async function receive(host: KubernetesObject, context: UpgradeContext, options: LiveOptions): Promise<void> {
  const { req, socket, head, signal, user } = context;
  const node = host.metadata.name ?? '';
  if (nodeOf(user) !== node) {
    const why = `only the launcher of node ${JSON.stringify(node)} may send its live values`;
    throw errors.forbidden({ group: 'torpor.dev', plural: 'hosts' }, node, why);
  }
  if (req.headers.upgrade?.toLowerCase() !== liveProtocol) {
    throw errors.badRequest(`this stream is opened with "Upgrade: ${liveProtocol}"`);
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${liveProtocol}\r\n\r\n`);
  context.audit?.started(101);
  const session = options.values.open(node);
  options.logger.info({ node }, 'live stream opened');
  const why = await readLines(socket, head, session, signal, options.silenceMs ?? 60_000);
  session.close();
  options.logger.info({ node, why }, 'live stream ended');
}

function readLines(
  socket: Duplex,
  head: Buffer,
  session: LiveSession,
  signal: AbortSignal,
  silenceMs: number,
): Promise<string> {
  return new Promise((resolve) => {
    let rest = '';
    const decoder = new TextDecoder('utf-8');
    let done = false;
    const finish = (why: string, tell: boolean): void => {
      if (done) return;
      done = true;
      clearTimeout(silence);
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData);
      if (tell && socket.writable) socket.end(`${JSON.stringify({ error: why })}\n`);
      else socket.end();
      // The peer may never close its side.
      setTimeout(() => socket.destroy(), 1_000).unref();
      resolve(why);
    };
    const silence = setTimeout(() => finish(`nothing was heard for ${silenceMs} ms`, true), silenceMs);
    const onAbort = (): void => finish('the server or the connection ends', false);
    const onData = (chunk: Buffer): void => {
      silence.refresh();
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const wrong = line.trim() === '' ? undefined : apply(line, session, socket);
        if (wrong !== undefined) finish(wrong, true);
        if (done) return;
      }
      if (rest.length > longestLine) finish(`a line is longer than ${longestLine} bytes`, true);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => finish('the connection was closed', false));
    socket.once('end', () => finish('the agent ended it', false));
    if (head.length > 0) onData(head);
    socket.on('data', onData);
    if (signal.aborted) onAbort();
  });
}

/** What is wrong with the line, if anything. */
function apply(line: string, session: LiveSession, socket: Duplex): string | undefined {
  const message = parseLiveLine(line);
  switch (message.kind) {
    case 'wrong':
      return message.why;
    case 'ping':
      if (socket.writableLength > mostUnsent) return 'the agent does not read its answers';
      socket.write(`${JSON.stringify({ pong: message.id })}\n`);
      return undefined;
    case 'machines':
      for (const [uid, values] of message.machines) {
        if (values === null) session.remove(uid);
        else session.set(uid, values);
      }
      return session.size > mostMachines ? `more than ${mostMachines} machines were named` : undefined;
    default:
      return message satisfies never;
  }
}
