import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';

/**
 * The serial log: what the guest said, in a file and one predecessor (`<file>.1`).
 *
 * L1  The two files together never hold more than twice `maximumBytes`, however much the guest says.
 * L2  A disk that cannot take it costs log and nothing else: bytes are dropped and counted, the console goes on.
 */
export interface SerialLog {
  append(chunk: Buffer): void;
  /** Bytes that could not be written. */
  dropped(): number;
  close(): Promise<void>;
}

/** What may wait for the disk, in bytes. */
const BACKLOG = 1024 * 1024;

export async function openSerialLog(file: string, maximumBytes: number): Promise<SerialLog> {
  let size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  let dropped = 0;
  let stream = open();
  let rotating: Promise<void> | undefined;
  /** What came during a rotation. */
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  function open(): WriteStream {
    const opened = createWriteStream(file, { flags: 'a', mode: 0o600 });
    opened.on('error', () => {
      dropped += opened.writableLength;
    });
    return opened;
  }

  async function rotate(): Promise<void> {
    await end(stream);
    await rename(file, `${file}.1`).catch(() => undefined);
    size = 0;
    stream = open();
    rotating = undefined;
    const late = waiting;
    waiting = [];
    waitingBytes = 0;
    for (const chunk of late) append(chunk);
  }

  function append(chunk: Buffer): void {
    if ((stream.destroyed && rotating === undefined) || stream.writableLength + waitingBytes > BACKLOG) {
      dropped += chunk.length;
    } else if (rotating !== undefined) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
    } else {
      const written = chunk.subarray(Math.max(0, chunk.length - maximumBytes));
      stream.write(written);
      size += written.length;
      if (size >= maximumBytes) rotating = rotate();
    }
  }

  return {
    append,
    dropped: () => dropped,
    async close() {
      await rotating;
      await end(stream);
    },
  };
}

function end(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.end(() => resolve());
    stream.once('close', resolve);
  });
}
