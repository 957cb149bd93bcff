/**
 * Waiting until a revision has been reached.
 *
 * G1  A wait resolves with true as soon as the revision is reached, with false after its deadline or when the gate closes.
 * G2  A wait that is over holds no timer.
 */
export class RevisionGate {
  readonly #waiting = new Set<Wait>();

  wait(revision: bigint, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(wait);
        resolve(reached);
      };
      const wait: Wait = { revision, end };
      const timer = setTimeout(end, deadlineMs, false);
      this.#waiting.add(wait);
    });
  }

  reached(revision: bigint): void {
    for (const wait of this.#waiting) if (wait.revision <= revision) wait.end(true);
  }

  close(): void {
    for (const wait of this.#waiting) wait.end(false);
  }
}

interface Wait {
  readonly revision: bigint;
  readonly end: (reached: boolean) => void;
}
