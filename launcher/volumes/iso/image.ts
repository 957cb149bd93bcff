import { both16, both32, descriptorDate, recordDate } from './fields.ts';
import { type IsoName, isoNames, ucs2 } from './names.ts';
import { Continuation, fileFields, parentFields, rootFields } from './rock-ridge.ts';

/**
 * A small read-only CD image in memory: files in one flat directory, as ISO 9660 level 1 with Rock Ridge and Joliet.
 * Section numbers are those of ECMA-119. Sectors: 16 primary descriptor, 17 Joliet descriptor, 18 terminator, 19 to 22
 * path tables, then both directories, the continuation area and the files.
 *
 * The same input gives the same bytes.
 */
export interface IsoInput {
  /** Volume label, at most 32 characters (16 of them in Joliet). */
  readonly label: string;
  /** Names without slash, at most 255 bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly date: Date;
}

const SECTOR = 2048;
const PATH_TABLES = 19;
const FIRST_DIRECTORY = 23;
const DIRECTORY_FLAG = 2;
/** As mkisofs pads: probes look for superblocks behind 64 KiB first, and some (busybox) give up when the device ends before. */
const PADDING = 150;
/** Far above every Secret; a file of 4 GiB would need several extents. */
const LARGEST = 64 << 20;

interface Placed {
  readonly name: IsoName;
  readonly content: Buffer;
  readonly sector: number;
}

export function buildIso({ label, files, date }: IsoInput): Buffer {
  if (!/^[\x20-\x7e]{0,32}$/.test(label))
    throw new RangeError(`label ${JSON.stringify(label)} is not 32 plain characters`);
  const total = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  if (total > LARGEST) throw new RangeError(`files of ${total} bytes are too much for one image`);
  for (const name of files.keys()) {
    if (name === '' || name.includes('/') || name.includes('\0') || Buffer.byteLength(name) > 255) {
      throw new RangeError(`${JSON.stringify(name)} is no name of a file`);
    }
  }
  const names = isoNames([...files.keys()]);

  // Directories have a length that does not depend on where things are, so a first layout gives it.
  const draft = layOut(names, files, FIRST_DIRECTORY, FIRST_DIRECTORY, FIRST_DIRECTORY, FIRST_DIRECTORY, date);
  const jolietSector = FIRST_DIRECTORY + draft.primary.length / SECTOR;
  const continuationSector = jolietSector + draft.joliet.length / SECTOR;
  const filesSector = continuationSector + sectorsOf(draft.continuation.length);
  const final = layOut(names, files, FIRST_DIRECTORY, jolietSector, continuationSector, filesSector, date);

  const image = Buffer.alloc((final.end + PADDING) * SECTOR);
  const put = (sector: number, bytes: Buffer) => bytes.copy(image, sector * SECTOR);
  const volume = { label, date, sectors: final.end + PADDING };
  put(16, descriptor({ ...volume, root: final.primary, pathTables: PATH_TABLES, joliet: false }));
  put(17, descriptor({ ...volume, root: final.joliet, pathTables: PATH_TABLES + 2, joliet: true }));
  put(18, Buffer.from('\xffCD001\x01', 'latin1')); // 8.3
  for (const [index, directory] of [FIRST_DIRECTORY, jolietSector].entries()) {
    put(PATH_TABLES + index * 2, pathTable(directory, false));
    put(PATH_TABLES + index * 2 + 1, pathTable(directory, true));
  }
  put(FIRST_DIRECTORY, final.primary);
  put(jolietSector, final.joliet);
  put(continuationSector, final.continuation);
  for (const { sector, content } of final.placed) put(sector, content);
  return image;
}

function layOut(
  names: readonly IsoName[],
  files: ReadonlyMap<string, Buffer>,
  primarySector: number,
  jolietSector: number,
  continuationSector: number,
  filesSector: number,
  date: Date,
) {
  let end = filesSector;
  const placed: Placed[] = names.map((name) => {
    const content = files.get(name.name) ?? Buffer.alloc(0);
    const sector = end;
    end += Math.max(1, sectorsOf(content.length));
    return { name, content, sector };
  });
  const continuation = new Continuation(SECTOR);
  continuation.sector = continuationSector;
  const primary = directory(
    primarySector,
    date,
    { own: rootFields(continuation), parent: parentFields() },
    placed,
    (file) => ({
      identifier: Buffer.from(file.name.level1, 'latin1'),
      fields: fileFields(file.name.name, continuation),
    }),
  );
  const none = { own: Buffer.alloc(0), parent: Buffer.alloc(0) };
  const joliet = directory(jolietSector, date, none, placed, (file) => ({
    identifier: file.name.joliet,
    fields: Buffer.alloc(0),
  }));
  return { primary, joliet, continuation: continuation.bytes, placed, end };
}

/** 6.8: the records of a directory, sorted by identifier, none across a sector's border. */
function directory(
  sector: number,
  date: Date,
  dots: { readonly own: Buffer; readonly parent: Buffer },
  files: readonly Placed[],
  describe: (file: Placed) => { identifier: Buffer; fields: Buffer },
): Buffer {
  const described = files
    .map((file) => ({ file, ...describe(file) }))
    .sort((a, b) => Buffer.compare(a.identifier, b.identifier));
  const build = (length: number) => {
    const records = [
      record({ sector, length, flags: DIRECTORY_FLAG, date, identifier: Buffer.from([0]), fields: dots.own }),
      record({ sector, length, flags: DIRECTORY_FLAG, date, identifier: Buffer.from([1]), fields: dots.parent }),
      ...described.map(({ file, identifier, fields }) =>
        record({ sector: file.sector, length: file.content.length, flags: 0, date, identifier, fields }),
      ),
    ];
    const parts: Buffer[] = [];
    let filled = 0;
    for (const bytes of records) {
      const room = SECTOR - (filled % SECTOR);
      if (bytes.length > room) {
        parts.push(Buffer.alloc(room));
        filled += room;
      }
      parts.push(bytes);
      filled += bytes.length;
    }
    parts.push(Buffer.alloc(sectorsOf(filled) * SECTOR - filled));
    return Buffer.concat(parts);
  };
  return build(build(0).length);
}

interface RecordInput {
  readonly sector: number;
  readonly length: number;
  readonly flags: number;
  readonly date: Date;
  readonly identifier: Buffer;
  readonly fields: Buffer;
}

/** 9.1 */
function record({ sector, length, flags, date, identifier, fields }: RecordInput): Buffer {
  const padding = identifier.length % 2 === 0 ? 1 : 0;
  const size = 33 + identifier.length + padding + fields.length;
  const total = size + (size % 2);
  if (total > 255) throw new RangeError('a directory record is longer than 255 bytes');
  const head = [
    Buffer.from([total, 0]),
    both32(sector),
    both32(length),
    recordDate(date),
    Buffer.from([flags, 0, 0]),
    both16(1),
  ];
  return Buffer.concat([...head, Buffer.from([identifier.length]), identifier, Buffer.alloc(padding), fields], total);
}

/** 9.4: of the root alone; its identifier is one zero byte. */
function pathTable(rootSector: number, bigEndian: boolean): Buffer {
  const table = Buffer.alloc(10);
  table[0] = 1;
  if (bigEndian) {
    table.writeUInt32BE(rootSector, 2);
    table.writeUInt16BE(1, 6);
  } else {
    table.writeUInt32LE(rootSector, 2);
    table.writeUInt16LE(1, 6);
  }
  return table;
}

interface DescriptorInput {
  readonly label: string;
  readonly date: Date;
  readonly sectors: number;
  /** The directory whose first record is the root's own. */
  readonly root: Buffer;
  readonly pathTables: number;
  readonly joliet: boolean;
}

/** 8.4 and, with other characters, 8.5. */
function descriptor({ label, date, sectors, root, pathTables, joliet }: DescriptorInput): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  const text = (offset: number, length: number, value: string) => {
    const blanks = joliet ? ucs2(' '.repeat(Math.floor(length / 2))) : Buffer.alloc(length, ' ');
    blanks.copy(bytes, offset);
    const encoded = joliet ? ucs2(value) : Buffer.from(value, 'latin1');
    encoded.copy(bytes, offset, 0, Math.min(encoded.length, blanks.length));
  };
  bytes[0] = joliet ? 2 : 1;
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = 1;
  text(8, 32, '');
  text(40, 32, label);
  both32(sectors).copy(bytes, 80);
  if (joliet) bytes.write('%/E', 88, 'latin1'); // UCS-2 level 3
  both16(1).copy(bytes, 120);
  both16(1).copy(bytes, 124);
  both16(SECTOR).copy(bytes, 128);
  both32(10).copy(bytes, 132); // length of a path table
  bytes.writeUInt32LE(pathTables, 140);
  bytes.writeUInt32BE(pathTables + 1, 148);
  // 8.4.18: the root's record has 34 bytes here, without system use fields.
  const rootRecord = Buffer.from(root.subarray(0, 34));
  rootRecord[0] = 34;
  rootRecord.copy(bytes, 156);
  for (const [offset, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const) {
    text(offset, length, '');
  }
  descriptorDate(date).copy(bytes, 813); // created
  descriptorDate(date).copy(bytes, 830); // modified
  descriptorDate(undefined).copy(bytes, 847); // never expires
  descriptorDate(undefined).copy(bytes, 864); // effective at once
  bytes[881] = 1;
  return bytes;
}

function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}
