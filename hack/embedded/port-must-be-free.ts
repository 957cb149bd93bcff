import net from 'node:net';

export interface WantedPort {
  readonly port: number;
  /** Absent = 127.0.0.1. */
  readonly host?: string;
  /** Whom it is for. */
  readonly what: string;
  /** The flag that chooses another. */
  readonly flag: string;
}

/** Rejects with the name of the flag when somebody else listens on a port that we are about to take. */
export async function portMustBeFree({ port, host = '127.0.0.1', what, flag }: WantedPort): Promise<void> {
  const taken = await new Promise<boolean>((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(true));
    server.listen({ port, host }, () => server.close(() => resolve(false)));
  });
  if (taken) {
    throw new Error(
      `port ${port} on ${host}, meant for the ${what}, is in use by another program. ` +
        `Stop that program ("ss -ltnp sport = :${port}" names it) or choose another port with ${flag}.`,
    );
  }
}
