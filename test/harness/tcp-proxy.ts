import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that misbehaves on command. What a test switches holds for connections that exist and for those to come.
 *
 * - pass: bytes go both ways.
 * - mute: what the client sends arrives, what the server answers is thrown away.
 * - deaf: nothing arrives at either side; the sockets stay open, as when a cable is pulled.
 * - hold: what the client sends is kept until `release`, the rest is thrown away; its server side outlives the client.
 * - refuse: new connections are closed at once.
 */
export type ProxyMode = 'pass' | 'mute' | 'deaf' | 'hold' | 'refuse';

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #mode: ProxyMode = 'pass';
  /** Connections to come are cut after this many bytes from the server, one number for each. */
  #cutAfter: number[] = [];
  #connections = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new TcpProxy(server, address.port);
    server.on('connection', (client) => proxy.#accept(client, targetPort));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many connections were accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** For connections that exist and those to come; with `onlyExisting` those to come pass. */
  set(mode: ProxyMode, onlyExisting = false): void {
    this.#mode = onlyExisting ? 'pass' : mode;
    for (const link of this.#links) link.mode = mode;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const link of [...this.#links]) link.destroy();
  }

  /** The next connections are broken after so many bytes from the server; the ones after these live. */
  cutNextAfter(bytes: readonly number[]): void {
    this.#cutAfter = [...bytes];
  }

  /** How many bytes are held back. */
  get held(): number {
    return [...this.#links].reduce((sum, link) => sum + link.held, 0);
  }

  /** Sends the server what was held back. */
  release(): void {
    for (const link of this.#links) link.release();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, targetPort: number): void {
    this.#connections += 1;
    if (this.#mode === 'refuse') {
      client.destroy();
      return;
    }
    const link = new Link(client, connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true }), this.#mode);
    link.cutAfter = this.#cutAfter.shift() ?? Number.POSITIVE_INFINITY;
    this.#links.add(link);
    link.onEnd = () => this.#links.delete(link);
  }
}

class Link {
  mode: ProxyMode;
  cutAfter = Number.POSITIVE_INFINITY;
  onEnd: () => void = () => undefined;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #held: Buffer[] = [];

  constructor(client: Socket, server: Socket, mode: ProxyMode) {
    this.#client = client;
    this.#server = server;
    this.mode = mode;
    client.on('data', (chunk: Buffer) => this.#up(chunk));
    server.on('data', (chunk: Buffer) => this.#down(chunk));
    for (const socket of [client, server]) socket.on('error', () => this.#over());
    client.on('end', () => this.#over());
    client.on('close', () => this.#over());
    server.on('end', () => this.destroy());
  }

  get held(): number {
    return this.#held.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  release(): void {
    for (const chunk of this.#held.splice(0)) this.#server.write(chunk);
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.onEnd();
  }

  #up(chunk: Buffer): void {
    if (this.mode === 'pass' || this.mode === 'mute') this.#server.write(chunk);
    else if (this.mode === 'hold') this.#held.push(chunk);
  }

  #down(chunk: Buffer): void {
    if (this.mode !== 'pass') return;
    this.#client.write(chunk.subarray(0, this.cutAfter));
    this.cutAfter -= chunk.length;
    if (this.cutAfter <= 0) this.destroy();
  }

  /** The client has gone. What is held back must still be able to reach the server. */
  #over(): void {
    if (this.#held.length === 0) this.destroy();
    else this.#client.destroy();
  }
}
