import { both32 } from './fields.ts';

/**
 * Rock Ridge: the system use fields of directory records, which carry POSIX names and modes (SUSP 1.12, RRIP 1.12).
 * Fields that do not fit into a record go to a continuation area; `Continuation` hands out its places.
 */
export class Continuation {
  readonly #sectorSize: number;
  #bytes = Buffer.alloc(0);
  /** First sector of the area; known only after the directory before it is laid out. */
  sector = 0;

  constructor(sectorSize: number) {
    this.#sectorSize = sectorSize;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Stores fields (never across a sector's border) and gives the CE field that points there. */
  store(fields: Buffer): Buffer {
    const room = this.#sectorSize - (this.#bytes.length % this.#sectorSize);
    const padding = fields.length > room ? Buffer.alloc(room) : Buffer.alloc(0);
    const start = this.#bytes.length + padding.length;
    this.#bytes = Buffer.concat([this.#bytes, padding, fields]);
    const sector = this.sector + Math.floor(start / this.#sectorSize);
    return field('CE', both32(sector), both32(start % this.#sectorSize), both32(fields.length));
  }
}

/** Bytes of a name that stay in the record; with all else a record stays below its limit of 255. */
const NAME_IN_RECORD = 120;
const NAME_CONTINUES = 1;
const SP_CHECK = [0xbe, 0xef, 0];

export const DIRECTORY_MODE = 0o040555;
export const FILE_MODE = 0o100444;

/** 5.1 of RRIP: fields of the root's own record, which also announce the extension. */
export function rootFields(continuation: Continuation): Buffer {
  const id = 'RRIP_1991A';
  const description = 'THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS';
  const source =
    'PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE. SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.';
  const announcement = field(
    'ER',
    Buffer.from([id.length, description.length, source.length, 1]),
    Buffer.from(id + description + source, 'latin1'),
  );
  return Buffer.concat([
    field('SP', Buffer.from(SP_CHECK)),
    attributes(DIRECTORY_MODE, 2),
    continuation.store(announcement),
  ]);
}

export function parentFields(): Buffer {
  return attributes(DIRECTORY_MODE, 2);
}

export function fileFields(name: string, continuation: Continuation): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length <= NAME_IN_RECORD) return Buffer.concat([attributes(FILE_MODE, 1), nameField(bytes, false)]);
  const rest = nameField(bytes.subarray(NAME_IN_RECORD), false);
  return Buffer.concat([
    attributes(FILE_MODE, 1),
    nameField(bytes.subarray(0, NAME_IN_RECORD), true),
    continuation.store(rest),
  ]);
}

function attributes(mode: number, links: number): Buffer {
  return field('PX', both32(mode), both32(links), both32(0), both32(0));
}

function nameField(name: Buffer, continues: boolean): Buffer {
  return field('NM', Buffer.from([continues ? NAME_CONTINUES : 0]), name);
}

/** SUSP 4: signature, length, version 1, data. */
function field(signature: string, ...data: Buffer[]): Buffer {
  const body = Buffer.concat(data);
  return Buffer.concat([Buffer.from(signature, 'latin1'), Buffer.from([4 + body.length, 1]), body]);
}
