/**
 * Streams of a machine (console, VNC, ports): the client's upgrade is forwarded to the agent of the machine's node, and
 * then bytes go both ways untouched.
 *
 * G1  Nothing is written to the client before the agent has switched; until then every problem is an HTTP error that
 *     says what to do: 409 not running, 503 agent not reachable, or what the agent itself answered.
 * G2  The agent is the one it should be: its certificate is of our authority and names this very node.
 * G3  A slow reader on either side stops the other (pipe's back-pressure); at most one buffer is held for each direction.
 * G4  When either side ends, both have ended soon after; nothing is left when `connect` resolves.
 * G5  Credentials of the client never reach the agent: only the headers of the upgrade are forwarded.
 */
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import type { KeyPair } from '../../base/certificates/authority.ts';
import type { Host, VirtualMachine } from '../../openapi/api.ts';
import { errors, StatusError } from '../../openapi/machinery/errors.ts';
import type { Status } from '../../openapi/machinery/object.ts';
import type { UpgradeContext } from '../registry/resource.ts';

export interface AgentTunnelOptions {
  /** The certificate that agents know us by, and the authority of theirs; read for each tunnel, so renewals count. */
  readonly credentials: () => { readonly client: KeyPair; readonly authority: string };
  /** The Host of a node, undefined when there is none. */
  readonly host: (node: string) => Promise<Host | undefined>;
  /** Milliseconds until the agent must have switched. */
  readonly openMs?: number;
}

const machines = { group: 'torpor.dev', plural: 'virtualmachines' };
const forwarded = /^(?:upgrade|sec-websocket-[a-z-]+|x-stream-protocol-version|origin)$/;
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';
const longestRefusal = 64 * 1024;
const graceMs = 2_000;
/** As at the client's side (edge/upgrade.ts). */
const keepAliveMs = 30_000;

/** Phases in which a machine has a QEMU that can be talked to. */
const connectable: ReadonlySet<string> = new Set(['Running', 'Paused', 'Stopping']);

/** Joins the client's connection to the machine's agent until one of them ends (G4). */
export type OpenStream = (machine: VirtualMachine, stream: string, context: UpgradeContext) => Promise<void>;

export function createAgentTunnel(options: AgentTunnelOptions): OpenStream {
  return (machine, stream, context) => tunnel(machine, stream, context, options);
}

async function tunnel(
  machine: VirtualMachine,
  stream: string,
  context: UpgradeContext,
  options: AgentTunnelOptions,
): Promise<void> {
  const { name = '', namespace = '', uid = '' } = machine.metadata;
  const { phase = 'Pending', nodeName } = machine.status ?? {};
  if (!nodeName || !connectable.has(phase)) {
    throw errors.conflict(machines, name, `the machine is not running (its phase is ${phase}); start it first`);
  }
  const endpoint = (await options.host(nodeName))?.status?.agent?.endpoint;
  if (!endpoint)
    throw errors.serviceUnavailable(`host ${JSON.stringify(nodeName)} has not said where its agent listens`, 1);
  const { subpath, query } = context.info;
  const segments = ['machines', namespace, name, uid, stream, ...(subpath === '' ? [] : subpath.split('/'))];
  const search = query.size > 0 ? `?${query}` : '';
  const path = `/${segments.map(encodeURIComponent).join('/')}${search}`;
  const { answer, socket, head } = await open(nodeName, endpoint, path, context, options);
  await join(context, answer, socket, head);
}

interface Opened {
  readonly answer: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function open(
  node: string,
  endpoint: string,
  path: string,
  context: UpgradeContext,
  options: AgentTunnelOptions,
): Promise<Opened> {
  const { client, authority } = options.credentials();
  const [host, port] = splitEndpoint(endpoint);
  const unreachable = (why: string) =>
    errors.serviceUnavailable(`the agent of host ${JSON.stringify(node)} at ${endpoint} cannot be reached: ${why}`, 1);
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      host,
      port,
      path,
      method: 'GET',
      headers: { ...upgradeHeaders(context.req), connection: 'Upgrade' },
      agent: false,
      cert: client.certificate,
      key: client.key,
      ca: authority,
      servername: node,
      minVersion: 'TLSv1.2',
      checkServerIdentity: (_host, certificate) => wrongIdentity(certificate, node),
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', onAbort);
      request.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(unreachable('it did not answer in time')), options.openMs ?? 10_000);
    const onAbort = (): void => fail(context.signal.reason);
    context.signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', (error) => fail(unreachable(error.message)));
    request.on('response', (response) => {
      refusal(response).then((status) => fail(status ?? unreachable(`it answered HTTP ${response.statusCode}`)), fail);
    });
    request.on('upgrade', (answer, socket, head) => {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', onAbort);
      socket.on('error', () => socket.destroy());
      socket.setKeepAlive(true, keepAliveMs);
      resolve({ answer, socket, head });
    });
    request.end();
  });
}

/** G2. Undefined when the certificate is the node's agent's. */
export function wrongIdentity(certificate: PeerCertificate, node: string): Error | undefined {
  const { CN, O } = certificate.subject as unknown as { CN?: unknown; O?: unknown };
  if (CN === `torpor:launcher:${node}` && [O].flat().includes('torpor:launchers')) return undefined;
  return new Error(
    `its certificate is that of ${JSON.stringify(CN)} and not of the launcher of ${JSON.stringify(node)}`,
  );
}

/** G5. A token can stand among the WebSocket protocols too. */
function upgradeHeaders(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (!forwarded.test(name) || value === undefined) continue;
    const text = [value].flat().join(', ');
    headers[name] =
      name === 'sec-websocket-protocol'
        ? text
            .split(',')
            .map((item) => item.trim())
            .filter((item) => !item.startsWith(bearerProtocol))
            .join(', ')
        : text;
  }
  if (headers['sec-websocket-protocol'] === '') delete headers['sec-websocket-protocol'];
  return headers;
}

/** The Status that the agent answered, if it is one that a client may see. */
async function refusal(response: IncomingMessage): Promise<StatusError | undefined> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > longestRefusal) return undefined;
  }
  try {
    const status = JSON.parse(text) as Status;
    const code = status.code ?? response.statusCode ?? 0;
    // 401 and 403 would tell the client something about its own rights, which the agent knows nothing of.
    const passes = status.kind === 'Status' && code >= 400 && code < 600 && code !== 401 && code !== 403;
    return passes ? new StatusError({ ...status, code }) : undefined;
  } catch {
    return undefined;
  }
}

/** G3, G4. */
async function join(context: UpgradeContext, answer: IncomingMessage, agent: Duplex, agentHead: Buffer): Promise<void> {
  const { socket: client, head, signal } = context;
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  }
  client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  context.audit?.started(101);
  if (agentHead.length > 0) client.write(agentHead);
  if (head.length > 0) agent.write(head);
  client.pipe(agent);
  agent.pipe(client);
  const bothClosed = Promise.all([client, agent].map((side) => new Promise((resolve) => side.once('close', resolve))));
  // Whichever side ends first ends the other: half-open connections mean nothing to these protocols. What is still
  // buffered for a slow reader gets a moment.
  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    client.end();
    agent.end();
    grace ??= setTimeout(() => {
      client.destroy();
      agent.destroy();
    }, graceMs);
  };
  for (const side of [client, agent]) side.once('end', end).once('close', end);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted || client.destroyed || agent.destroyed) end();
  await bothClosed;
  signal.removeEventListener('abort', end);
  clearTimeout(grace);
}

function splitEndpoint(endpoint: string): [host: string, port: number] {
  const colon = endpoint.lastIndexOf(':');
  return [endpoint.slice(0, colon).replace(/^\[|\]$/g, ''), Number(endpoint.slice(colon + 1))];
}
