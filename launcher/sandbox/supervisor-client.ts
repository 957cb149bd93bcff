import { connect, type Socket } from 'node:net';

/**
 * The agent's side of the supervisor's control socket (launcher/supervisor/PROTOCOL.md).
 *
 * C1  Each request has one answer, matched by its id, or rejects at its deadline or when the connection ends.
 * C2  onExit is called once for each exit of the guest, whether it is told by an event or found in the answer to attach.
 * C3  onLost is called once when the connection ends without close having been called: the supervisor is gone.
 */
export interface SupervisorState {
  readonly state: 'idle' | 'running' | 'exited';
  readonly run: number;
  /** Of QEMU; 0 when it does not run. */
  readonly pid: number;
  readonly stopping: boolean;
  readonly ready: boolean;
  readonly alive: boolean;
  readonly exit?: GuestExit;
}

export interface GuestExit {
  /** -1 when a signal ended QEMU. */
  readonly code: number;
  /** -1 when no signal ended QEMU. */
  readonly signal: number;
  /** The supervisor pulled the plug: the grace period was over. */
  readonly killed: boolean;
  /** QMP's word for why the guest shut down, for example guest-shutdown; empty when QEMU did not say. */
  readonly reason: string;
  /** The last 4 KiB that QEMU wrote. */
  readonly output: string;
}

export interface SupervisorListener {
  onExit(exit: GuestExit, state: SupervisorState): void;
  onLost(): void;
}

interface Waiting {
  readonly resolve: (state: SupervisorState) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export type SupervisorRequest =
  | { readonly do: 'attach' | 'status' | 'start' | 'quit' }
  | { readonly do: 'stop'; readonly grace: number }
  | { readonly do: 'set'; readonly grace?: number; readonly ready?: boolean }
  | { readonly do: 'set'; readonly grace?: number; readonly alive?: boolean };

const DEADLINE_MS = 10_000;

export class SupervisorClient {
  readonly #socket: Socket;
  readonly #listener: SupervisorListener;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #text = '';
  #ended = false;
  #closed = false;
  #reported = 0;

  private constructor(socket: Socket, listener: SupervisorListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
  }

  /** Connects and attaches. Rejects with the socket's error (ENOENT, ECONNREFUSED) when there is no supervisor. */
  static async attach(
    path: string,
    listener: SupervisorListener,
  ): Promise<{ client: SupervisorClient; state: SupervisorState }> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const opened = connect(path);
      opened.once('error', reject);
      opened.once('connect', () => {
        opened.off('error', reject);
        resolve(opened);
      });
    });
    const client = new SupervisorClient(socket, listener);
    const state = await client.request({ do: 'attach' });
    client.#report(state);
    return { client, state };
  }

  request(request: SupervisorRequest): Promise<SupervisorState> {
    if (this.#ended) return Promise.reject(new Error('the sandbox supervisor is gone'));
    const id = ++this.#lastId;
    const { do: action, ...rest } = request;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the sandbox supervisor did not answer ${action} within ${DEADLINE_MS / 1000} s`));
      }, DEADLINE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      // The order of the keys is part of the protocol.
      this.#socket.write(`${JSON.stringify({ id, do: action, ...rest })}\n`);
    });
  }

  /** Lets go: the supervisor and its guest go on. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error('the sandbox supervisor closed its connection'));
    }
    this.#waiting.clear();
    if (!this.#closed) this.#listener.onLost();
  }

  #receive(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#message(JSON.parse(line) as SupervisorState & { id?: number; error?: string; event?: string });
    }
  }

  #message(
    message: SupervisorState & { readonly id?: number; readonly error?: string; readonly event?: string },
  ): void {
    if (message.event === 'exit') {
      this.#report(message);
      return;
    }
    const waiting = this.#waiting.get(message.id ?? -1);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id ?? -1);
    clearTimeout(waiting.timer);
    if (message.error === undefined) waiting.resolve(message);
    else waiting.reject(new Error(`the sandbox supervisor refused: ${message.error}`));
  }

  #report(state: SupervisorState): void {
    if (state.exit === undefined || state.run <= this.#reported) return;
    this.#reported = state.run;
    this.#listener.onExit(state.exit, state);
  }
}
