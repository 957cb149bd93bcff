/**
 * How a console's bytes travel in WebSocket messages. Two framings are known to clients:
 *
 * - `plain.kubevirt.io`: every binary message is bytes; message boundaries mean nothing (KubeVirt's consoles).
 * - `v5.channel.k8s.io`, `v4.channel.k8s.io`: the first byte of a message is a channel (Kubernetes' remote command
 *   protocol): 0 input, 1 output, 3 the closing Status, 4 the terminal's size; version 5 adds 255, "channel n ends".
 */
export interface Framing {
  readonly protocol: string;
  output(chunk: Buffer): Buffer;
  input(message: Buffer): Input;
  /** The last message before a close, for protocols that have one. */
  closing(reason: string): Buffer | undefined;
}

export type Input =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly columns: number; readonly rows: number }
  /** The client will send no more input. */
  | { readonly kind: 'end' }
  | { readonly kind: 'invalid'; readonly reason: string };

const OUTPUT = Buffer.from([1]);
const ERROR = Buffer.from([3]);

const plain: Framing = {
  protocol: 'plain.kubevirt.io',
  output: (chunk) => chunk,
  input: (message) => ({ kind: 'bytes', bytes: message }),
  closing: () => undefined,
};

function channels(protocol: 'v5.channel.k8s.io' | 'v4.channel.k8s.io'): Framing {
  return {
    protocol,
    output: (chunk) => Buffer.concat([OUTPUT, chunk]),
    input: (message) => readChannel(message, protocol === 'v5.channel.k8s.io'),
    closing: (reason) =>
      Buffer.concat([ERROR, Buffer.from(JSON.stringify({ metadata: {}, status: 'Success', message: reason }))]),
  };
}

function readChannel(message: Buffer, withClose: boolean): Input {
  switch (message[0]) {
    case undefined:
    case 0:
      return { kind: 'bytes', bytes: message.subarray(1) };
    case 4:
      return readSize(message.subarray(1));
    case 255:
      if (withClose && message[1] === 0) return { kind: 'end' };
      break;
  }
  return { kind: 'invalid', reason: `channel ${message[0]} takes no input` };
}

/** The body is JSON as Kubernetes sends it: `{"Width": 80, "Height": 24}`. */
function readSize(body: Buffer): Input {
  try {
    const { Width: columns, Height: rows } = JSON.parse(body.toString('utf8')) as { Width?: unknown; Height?: unknown };
    if (isCount(columns) && isCount(rows)) return { kind: 'size', columns, rows };
  } catch {
    // Answered below like every size that makes no sense.
  }
  return { kind: 'invalid', reason: 'a terminal size is {"Width": columns, "Height": rows}' };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

const known = [plain, channels('v5.channel.k8s.io'), channels('v4.channel.k8s.io')];

/** The first of the client's offers that is known; plain when it offers none, undefined when it offers only others. */
export function chooseFraming(offered: Iterable<string>): Framing | undefined {
  const offers = [...offered];
  if (offers.length === 0) return plain;
  for (const offer of offers) {
    const found = known.find((framing) => framing.protocol === offer);
    if (found !== undefined) return found;
  }
  return undefined;
}
