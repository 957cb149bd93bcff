/**
 * Writing QEMU options so that no value can become a second option.
 *
 * O1  Whatever has a JSON form (-blockdev, -device, -object, -netdev) is written as JSON: there a comma means nothing.
 * O2  Every value in the comma form goes through keyValues, which doubles commas.
 * O3  A value with a NUL is refused: the plan's arguments end in NUL.
 */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  /** One CamelCase word for conditions and events. */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export type OptionValue = string | number | boolean;

/** `head,key=value,…`; undefined values are left out. */
export function keyValues(head: string, values: Readonly<Record<string, OptionValue | undefined>>): string {
  const parts = [escapeOption(head)];
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    parts.push(`${key}=${typeof value === 'boolean' ? (value ? 'on' : 'off') : escapeOption(String(value))}`);
  }
  return parts.join(',');
}

export function escapeOption(value: string): string {
  return noNul(value).replaceAll(',', ',,');
}

export function noNul(value: string): string {
  if (value.includes('\0')) throw new PlanError('InvalidValue', 'a value of the machine contains a NUL character');
  return value;
}

export type JsonOption = '-blockdev' | '-device' | '-object' | '-netdev';

/** One option in JSON form; undefined properties are left out (O1). */
export function json(option: JsonOption, value: Readonly<Record<string, unknown>>): readonly [string, string] {
  return [option, noNul(JSON.stringify(value))];
}
