import { readFile, stat } from 'node:fs/promises';
import type { Logger } from '../../base/log.ts';

/**
 * A file whose content is followed while the process runs (certificates, authorities).
 *
 * W1  `value` is always the last content that could be read and parsed; a broken file is logged once and changes nothing.
 * W2  A change is seen within twice `everyMs`, also when a file is replaced by rename or through a symbolic link.
 * W3  `close` stops the looking.
 * W4  A file that is being written in place is not taken up half-way: a change counts when two looks, one interval
 *     apart, saw the same, nothing changed while it was read, and no file is empty (as each is right after truncation).
 *
 * Polling, not fs.watch: a mounted Secret is replaced by swapping a link of a directory above.
 */
export class WatchedFiles<T> {
  #value: T;
  #seen: string;
  /** What the last look saw, when that was not what is in use (W4). */
  #settling = '';
  #broken = '';
  readonly #paths: readonly string[];
  readonly #parse: (texts: readonly string[]) => T;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: ((value: T) => void)[] = [];
  #looking = false;

  private constructor(
    paths: readonly string[],
    parse: (texts: readonly string[]) => T,
    logger: Logger,
    everyMs: number,
    first: { value: T; seen: string },
  ) {
    this.#paths = paths;
    this.#parse = parse;
    this.#logger = logger;
    this.#value = first.value;
    this.#seen = first.seen;
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#timer.unref();
  }

  /** Reads the files; throws when that fails now. They are parsed together, for example a certificate and its key. */
  static async open<T>(
    paths: readonly string[],
    parse: (texts: readonly string[]) => T,
    logger: Logger,
    everyMs = 5_000,
  ): Promise<WatchedFiles<T>> {
    const seen = await stamp(paths);
    const value = parse(await Promise.all(paths.map(textOf)));
    return new WatchedFiles(paths, parse, logger, everyMs, { value, seen });
  }

  get value(): T {
    return this.#value;
  }

  onChange(listener: (value: T) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const seen = await stamp(this.#paths);
      if (seen === this.#seen) return;
      const still = seen === this.#settling;
      this.#settling = seen;
      if (!still) return;
      const texts = await Promise.all(this.#paths.map(textOf));
      if ((await stamp(this.#paths)) !== seen) return;
      const value = this.#parse(texts);
      this.#value = value;
      this.#seen = seen;
      this.#broken = '';
      for (const listener of this.#listeners) listener(value);
      this.#logger.info({ files: this.#paths }, 'changed files are in use');
    } catch (err) {
      const text = String(err);
      if (text !== this.#broken) this.#logger.error({ err, files: this.#paths }, 'changed files cannot be used');
      this.#broken = text;
    } finally {
      this.#looking = false;
    }
  }
}

async function textOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  if (text === '') throw new Error(`${path} is empty`);
  return text;
}

async function stamp(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return stats.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join(' ');
}
