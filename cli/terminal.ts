import type { WindowSize } from './channels.ts';

/**
 * The person's terminal while a console is open.
 *
 * T1  It is raw only between open and restore, and restore runs at every end: return, error, signal, uncaught
 *     exception, process exit.
 * T2  Without a terminal (a pipe) nothing is raw and everything else works.
 * T3  After restore nothing makes it read again: a late resume would keep the process alive, waiting for a key.
 */
export interface Terminal {
  /** Bytes typed, as they come. */
  onInput(listener: (bytes: Buffer) => void): void;
  onResize(listener: (size: WindowSize) => void): void;
  /** Undefined without a terminal. */
  size(): WindowSize | undefined;
  pauseInput(): void;
  resumeInput(): void;
  /** False when the reader is slow; `drained` is called when there is room again. */
  write(bytes: Buffer, drained: () => void): boolean;
  /** A line for the person, apart from what the machine says. */
  note(text: string): void;
  restore(): void;
}

export function openTerminal(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  notes: NodeJS.WriteStream,
): Terminal {
  const resizeListeners: (() => void)[] = [];
  const inputListeners: ((bytes: Buffer) => void)[] = [];
  let raw = false;
  let restored = false;
  const restore = (): void => {
    if (raw) input.setRawMode(false);
    raw = false;
    restored = true;
    for (const listener of inputListeners.splice(0)) input.off('data', listener);
    for (const listener of resizeListeners.splice(0)) output.off('resize', listener);
    input.pause();
    process.off('exit', restore);
  };
  process.on('exit', restore);
  if (input.isTTY) {
    input.setRawMode(true);
    raw = true;
  }
  const size = (): WindowSize | undefined =>
    output.isTTY && output.columns > 0 ? { columns: output.columns, rows: output.rows } : undefined;
  return {
    onInput(listener) {
      inputListeners.push(listener);
      input.on('data', listener);
      input.resume();
    },
    onResize(listener) {
      const changed = (): void => {
        const now = size();
        if (now !== undefined) listener(now);
      };
      resizeListeners.push(changed);
      output.on('resize', changed);
    },
    size,
    pauseInput: () => void input.pause(),
    resumeInput: () => {
      if (!restored) input.resume(); // T3
    },
    write(bytes, drained) {
      const room = output.write(bytes);
      if (!room) output.once('drain', drained);
      return room;
    },
    // A raw terminal does not return the carriage by itself.
    note: (text) => void notes.write(raw ? `\r\n${text}\r\n` : `${text}\n`),
    restore,
  };
}
