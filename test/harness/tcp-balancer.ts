import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A backend of the balancer: a port of 127.0.0.1, and how to ask whether it wants connections. */
export interface Backend {
  readonly port: number;
  /** Asked again and again; new connections go only where the last answer was true. */
  ready(): Promise<boolean>;
}

/**
 * Spreads TCP connections over backends as the load balancer in front of several replicas does: it knows nothing of what
 * is in a connection, it asks for readiness at intervals, and a connection stays where it is.
 */
export class TcpBalancer {
  readonly port: number;
  readonly #server: Server;
  readonly #backends: readonly Backend[];
  readonly #ready = new Set<Backend>();
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  private constructor(server: Server, backends: readonly Backend[], everyMs: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#backends = backends;
    server.on('connection', (client) => this.#accept(client));
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  static async start(backends: readonly Backend[], everyMs: number): Promise<TcpBalancer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const balancer = new TcpBalancer(server, backends, everyMs);
    await balancer.#look();
    return balancer;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#backends.map(async (backend) => {
        if (await backend.ready()) this.#ready.add(backend);
        else this.#ready.delete(backend);
      }),
    );
  }

  #accept(client: Socket): void {
    const ready = [...this.#ready];
    this.#turn += 1;
    const backend = ready[this.#turn % ready.length];
    if (backend === undefined) {
      client.destroy();
      return;
    }
    const server = connect(backend.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    server.pipe(client);
  }
}
