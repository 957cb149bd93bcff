import { connect, type Socket } from 'node:net';
import { Scrollback } from './scrollback.ts';
import { openSerialLog, type SerialLog } from './serial-log.ts';

/**
 * The serial console of one boot. QEMU takes one client; the hub is that client and serves everybody else.
 *
 * H1  One connection to QEMU for as long as the hub is open: a lost one is made again after a pause, a guest that
 *     nobody watches is still read (its log is kept, and it never blocks on a full line).
 * H2  A client first gets the scrollback, then every byte after it, in order, without a gap or a repetition.
 * H3  A client that does not read is cut off when more than `CLIENT_BACKLOG` waits for it; it slows neither the guest nor
 *     the other clients.
 * H4  What clients type reaches the guest in the order it came. While the guest does not read, clients are paused and at
 *     most one message of each waits.
 * H5  close() ends the connection, the log and all clients; nothing is left that keeps the process alive.
 */
export interface SerialHub {
  attach(client: HubClient): Attachment;
  /** Number of attached clients. */
  clients(): number;
  close(): Promise<void>;
}

export interface HubClient {
  /** Gets bytes from the guest; must not block. */
  send(chunk: Buffer): void;
  /** Bytes handed to send() that are not on the network yet. */
  backlog(): number;
  /** Stops and restarts what comes from this client (H4). */
  pause(): void;
  resume(): void;
  /** The hub has ended this client; the reason is for people. */
  end(reason: string): void;
}

export interface Attachment {
  write(chunk: Buffer): void;
  detach(): void;
}

export interface SerialHubOptions {
  /** QEMU's Unix socket. */
  readonly socketPath: string;
  /** Where the serial log goes; undefined keeps none. */
  readonly logFile?: string;
  /** Size at which the log is rotated, in bytes; 1 MiB. */
  readonly logBytes?: number;
}

export const SCROLLBACK_BYTES = 64 * 1024;
export const CLIENT_BACKLOG = 1024 * 1024;
const RECONNECT_MS = 200;

export async function openSerialHub(options: SerialHubOptions): Promise<SerialHub> {
  const log =
    options.logFile === undefined ? undefined : await openSerialLog(options.logFile, options.logBytes ?? 1024 * 1024);
  return new Hub(options.socketPath, log);
}

class Hub implements SerialHub {
  readonly #path: string;
  readonly #log: SerialLog | undefined;
  readonly #scrollback = new Scrollback(SCROLLBACK_BYTES);
  readonly #clients = new Set<HubClient>();
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #full = false;
  #closed = false;

  constructor(path: string, log: SerialLog | undefined) {
    this.#path = path;
    this.#log = log;
    this.#connect();
  }

  attach(client: HubClient): Attachment {
    if (this.#closed) {
      client.end('the machine has stopped');
      return { write: () => undefined, detach: () => undefined };
    }
    const before = this.#scrollback.bytes();
    if (before.length > 0) client.send(before); // H2
    this.#clients.add(client);
    if (this.#full) client.pause();
    return {
      write: (chunk) => this.#write(chunk),
      detach: () => void this.#clients.delete(client),
    };
  }

  clients(): number {
    return this.#clients.size;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    for (const client of this.#clients) client.end('the machine has stopped');
    this.#clients.clear();
    await this.#log?.close();
  }

  #connect(): void {
    const socket = connect({ path: this.#path });
    this.#socket = socket;
    socket.on('data', (chunk) => this.#fromGuest(chunk));
    socket.on('drain', () => this.#setFull(false));
    socket.on('error', () => undefined); // 'close' follows and decides
    socket.once('close', () => {
      if (this.#closed) return;
      this.#setFull(false);
      this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS); // H1
    });
  }

  #fromGuest(chunk: Buffer): void {
    this.#scrollback.append(chunk);
    this.#log?.append(chunk);
    for (const client of this.#clients) {
      client.send(chunk);
      if (client.backlog() > CLIENT_BACKLOG) {
        this.#clients.delete(client); // H3
        client.end('this client did not read for too long');
      }
    }
  }

  #write(chunk: Buffer): void {
    // A line that is not connected loses what is typed, as an unplugged cable does.
    if (this.#socket?.readyState !== 'open') return;
    if (!this.#socket.write(chunk)) this.#setFull(true);
  }

  #setFull(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    for (const client of this.#clients) {
      if (full) client.pause();
      else client.resume();
    }
  }
}
