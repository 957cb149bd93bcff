/**
 * Which member of etcd to ask.
 *
 * M1  A member that did not answer is left alone for a while, twice as long each time, up to a limit; then one call tries it.
 * M2  When all are being left alone, all are asked: resting is a preference and never the reason for a failure.
 */
export class Members {
  readonly #standing = new Map<string, { failures: number; restUntil: number }>();
  readonly #now: () => number;

  constructor(servers: readonly string[], now: () => number = () => performance.now()) {
    for (const server of servers) this.#standing.set(server, { failures: 0, restUntil: 0 });
    this.#now = now;
  }

  /** True when this member may be asked now. Who asks tells how it went. */
  admits(server: string): boolean {
    const standing = this.#standing.get(server);
    if (standing === undefined || standing.failures === 0) return true;
    if (this.#now() >= standing.restUntil) {
      // M1: the others wait for what this one call finds.
      standing.restUntil = this.#now() + FIRST_REST_MS;
      return true;
    }
    return [...this.#standing.values()].every(({ restUntil }) => this.#now() < restUntil);
  }

  /** A member to stay with for long, for example with a watch. */
  pick(): string {
    const servers = [...this.#standing.keys()];
    const well = servers.filter((server) => this.#standing.get(server)?.failures === 0);
    const from = well.length > 0 ? well : servers;
    return from[Math.floor(Math.random() * from.length)] ?? '';
  }

  answered(server: string): void {
    this.#standing.set(server, { failures: 0, restUntil: 0 });
  }

  failed(server: string): void {
    const failures = (this.#standing.get(server)?.failures ?? 0) + 1;
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(failures - 1, 10));
    this.#standing.set(server, { failures, restUntil: this.#now() + restMs });
  }
}

const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 15_000;
