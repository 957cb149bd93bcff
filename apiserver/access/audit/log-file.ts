import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Logger } from '../../../base/log.ts';

/**
 * The audit log: lines into a file that is turned over by size.
 *
 * Q1  `add` never waits and never fails. Lines are written in the order in which they were added, many in one write.
 * Q2  Lines that wait to be written are bounded: `room` resolves only while they are below `limitBytes`. Requests wait for
 *     it before they begin, so a slow disk slows requests down and loses nothing: under a flood a log that drops is a
 *     log that an attacker can blind. Who waits waits no longer than its request, whose end is what `room` throws.
 * Q3  Lines that cannot be written (no space, no permission) are lost, counted and told to the log of the process, once
 *     until it works again. The server goes on, as kube-apiserver's does.
 * Q4  Above `maxBytes` the file is renamed to NAME-TIME.EXT and a new one is begun; of renamed files the newest
 *     `maxBackups` that are no older than `maxAgeMs` stay. 0 = no such limit. A line stands in one file whole.
 *     Where it cannot be renamed it grows on, and the renaming is tried again after a minute: no line is lost for that.
 * Q5  `close` resolves when every line that was added is written and synced, or lost (Q3).
 */
export interface LogFileOptions {
  /** `-` = standard output, which is never turned over. */
  readonly path: string;
  readonly maxBytes: number;
  readonly maxBackups: number;
  readonly maxAgeMs: number;
  readonly limitBytes?: number;
  readonly logger: Logger;
  /** Lines that were lost (Q3). */
  readonly onLost: (lines: number) => void;
  readonly now?: () => Date;
}

const pauseMs = 60_000;
const usualLimit = 16 * 1024 * 1024;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #limit: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Lines that are being written count until they are. */
  #writingBytes = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #writing: Promise<void> | undefined;
  readonly #roomy = new Set<() => void>();
  /** When the file could not be renamed (Q4). */
  #stuckAt: number | undefined;
  #failing = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#limit = options.limitBytes ?? usualLimit;
  }

  /** Opens the file, so that a path that cannot be written is known at the start. @throws Error */
  async open(): Promise<void> {
    const { path } = this.#options;
    if (path === '-') return;
    // Everything that anybody did is in it: nobody but the owner reads it.
    this.#file = await open(path, 'a', 0o600);
    this.#size = (await this.#file.stat()).size;
  }

  add(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#write();
  }

  /** Undefined when there is room now (Q2). The signal is asked for only when there is none. */
  room(request?: { readonly signal: AbortSignal }): Promise<void> | undefined {
    if (this.#waitingBytes + this.#writingBytes < this.#limit) return undefined;
    const signal = request?.signal;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onRoom = (): void => {
        signal?.removeEventListener('abort', onEnd);
        resolve();
      };
      const onEnd = (): void => {
        this.#roomy.delete(onRoom);
        reject(signal?.reason);
      };
      this.#roomy.add(onRoom);
      signal?.addEventListener('abort', onEnd, { once: true });
    });
  }

  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#file?.sync().catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    // What is added in the same turn goes into one write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#writingBytes = this.#waitingBytes;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#append(lines);
        this.#failing = false;
      } catch (err) {
        this.#options.onLost(lines.length);
        if (!this.#failing)
          this.#options.logger.error({ err, path: this.#options.path }, 'audit events are being lost');
        this.#failing = true;
        await this.#reopen();
      }
      this.#writingBytes = 0;
      if (this.#waitingBytes < this.#limit) {
        const roomy = [...this.#roomy];
        this.#roomy.clear();
        for (const resolve of roomy) resolve();
      }
    }
    this.#writing = undefined;
  }

  async #append(lines: readonly Buffer[]): Promise<void> {
    const { path, maxBytes } = this.#options;
    if (path === '-') {
      await new Promise<void>((resolve, reject) => {
        process.stdout.write(Buffer.concat(lines), (error) => (error ? reject(error) : resolve()));
      });
      return;
    }
    let batch: Buffer[] = [];
    let length = 0;
    for (const line of lines) {
      const full = maxBytes > 0 && this.#size + length + line.length > maxBytes && this.#size + length > 0;
      if (full && this.#mayTurnOver()) {
        await this.#flush(batch, length);
        [batch, length] = [[], 0];
        await this.#turnOver();
      }
      batch.push(line);
      length += line.length;
    }
    await this.#flush(batch, length);
  }

  async #flush(batch: readonly Buffer[], length: number): Promise<void> {
    if (length === 0) return;
    if (this.#file === undefined) throw new Error('the file is not open');
    await this.#file.appendFile(batch.length === 1 && batch[0] ? batch[0] : Buffer.concat(batch));
    this.#size += length;
  }

  async #reopen(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    await this.open().catch(() => undefined);
  }

  #mayTurnOver(): boolean {
    const { now = () => new Date() } = this.#options;
    // Either way, should the clock have been set back.
    return this.#stuckAt === undefined || Math.abs(now().getTime() - this.#stuckAt) >= pauseMs;
  }

  async #turnOver(): Promise<void> {
    const { path, logger, now = () => new Date() } = this.#options;
    await this.#file?.close();
    this.#file = undefined;
    const extension = extname(path);
    const stem = basename(path, extension);
    const time = now().toISOString().slice(0, 23).replaceAll(':', '-');
    let target = join(dirname(path), `${stem}-${time}${extension}`);
    // Two in one millisecond must not overwrite each other.
    for (let more = 1; await exists(target); more += 1) {
      target = join(dirname(path), `${stem}-${time}.${more}${extension}`);
    }
    try {
      await rename(path, target);
    } catch (err) {
      logger.error({ err, path }, 'the audit log cannot be turned over: it grows on');
      this.#stuckAt = now().getTime();
      return await this.open();
    }
    this.#stuckAt = undefined;
    await this.open();
    await this.#tidy(stem, extension, now());
  }

  async #tidy(stem: string, extension: string, now: Date): Promise<void> {
    const { path, maxBackups, maxAgeMs, logger } = this.#options;
    const time = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}(?:\.\d+)?$/;
    try {
      const old = (await readdir(dirname(path)))
        .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
        .filter((name) => time.test(name.slice(stem.length + 1, name.length - extension.length)))
        .sort()
        .reverse();
      for (const [index, name] of old.entries()) {
        const file = join(dirname(path), name);
        const tooMany = maxBackups > 0 && index >= maxBackups;
        if (tooMany || (maxAgeMs > 0 && now.getTime() - (await stat(file)).mtimeMs > maxAgeMs)) await rm(file);
      }
    } catch (err) {
      logger.warn({ err }, 'old audit logs were not removed');
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
