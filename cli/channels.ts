/**
 * Frames of Kubernetes' channel protocol over WebSocket: the first byte of each binary message names the channel, the
 * rest is payload. v5 is v4 plus a message that closes a channel; the console needs no such message. KubeVirt's plain
 * protocol has no channels, so it carries no window size.
 */
export const CHANNEL_PROTOCOLS: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
export const PLAIN_PROTOCOL = 'plain.kubevirt.io';

export type Incoming =
  | { readonly kind: 'output'; readonly bytes: Buffer }
  /** A Status as JSON, or plain text; sent before the server closes. */
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'ignored' };

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Framing {
  input(bytes: Buffer): Buffer;
  /** Undefined when the protocol cannot say it. */
  resize(size: WindowSize): Buffer | undefined;
  incoming(message: Buffer): Incoming;
}

const channels: Framing = {
  input: (bytes) => Buffer.concat([Buffer.from([0]), bytes]),
  resize: ({ columns, rows }) => {
    const size = Buffer.from(JSON.stringify({ Width: columns, Height: rows }));
    return Buffer.concat([Buffer.from([4]), size]);
  },
  incoming: (message) => {
    const payload = message.subarray(1);
    switch (message[0]) {
      case 1:
      case 2:
        return { kind: 'output', bytes: payload };
      case 3:
        return payload.length === 0
          ? { kind: 'ignored' }
          : { kind: 'error', text: errorText(payload.toString('utf8')) };
      default:
        return { kind: 'ignored' };
    }
  },
};

const plain: Framing = {
  input: (bytes) => bytes,
  resize: () => undefined,
  incoming: (message) => ({ kind: 'output', bytes: message }),
};

function errorText(payload: string): string {
  try {
    const { message, status } = JSON.parse(payload) as { message?: unknown; status?: unknown };
    if (typeof message === 'string') return message;
    return status === 'Success' ? '' : payload;
  } catch {
    return payload;
  }
}

/** The framing of the protocol that the server chose. */
export function framingOf(protocol: string): Framing {
  if (CHANNEL_PROTOCOLS.includes(protocol)) return channels;
  if (protocol === PLAIN_PROTOCOL || protocol === '') return plain;
  throw new Error(`the server chose the protocol ${JSON.stringify(protocol)}, which was not offered`);
}
