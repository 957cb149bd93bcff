/** Numbers and dates as ISO 9660 writes them. Section numbers are those of ECMA-119. */

/** 7.3.3: both byte orders, little-endian first. */
export function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

/** 7.2.3 */
export function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

/** 9.1.5: seven bytes in a directory record. */
export function recordDate(date: Date): Buffer {
  const fields = [date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate()];
  return Buffer.from([...fields, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0]);
}

/** 8.4.26.1: sixteen digits and the offset from Greenwich; without a date, sixteen "0". */
export function descriptorDate(date: Date | undefined): Buffer {
  const digits =
    date === undefined
      ? '0'.repeat(16)
      : `${date
          .toISOString()
          .replace(/[^0-9]/g, '')
          .slice(0, 14)}00`;
  return Buffer.concat([Buffer.from(digits, 'latin1'), Buffer.from([0])]);
}
