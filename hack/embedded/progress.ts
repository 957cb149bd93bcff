/** Lines that show a person what is going on: one per step, with its outcome and time. */
export interface Progress {
  /** Runs a step and prints its label, then what it returned (or "done") and how long it took. */
  step<T>(label: string, work: () => Promise<T>, outcome?: (value: T) => string): Promise<T>;
  note(text: string): void;
}

export function createProgress(output: NodeJS.WritableStream & { isTTY?: boolean } = process.stdout): Progress {
  let number = 0;
  return {
    async step(label, work, outcome) {
      number += 1;
      const head = `${String(number).padStart(2)}  ${label.padEnd(34, '.')} `;
      // On a terminal the label stands there while the work is done; in a log each step is one line.
      if (output.isTTY) output.write(head);
      const started = performance.now();
      try {
        const value = await work();
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        output.write(`${output.isTTY ? '' : head}${outcome?.(value) ?? 'done'} (${seconds} s)\n`);
        return value;
      } catch (error) {
        output.write(`${output.isTTY ? '' : head}failed\n`);
        throw error;
      }
    },
    note(text) {
      output.write(`    ${text}\n`);
    },
  };
}
