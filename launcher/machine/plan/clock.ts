import type { Clock } from '../../../openapi/api.ts';
import { keyValues, PlanError } from './option.ts';

/** The -rtc option. Offsets and zones become a start time, because QEMU itself knows only UTC and the host's zone. */
export function clock(spec: Clock | undefined, now: Date): string {
  const offset = spec?.timezone === undefined ? (spec?.utc?.offsetSeconds ?? 0) : zoneOffset(spec.timezone, now);
  if (offset === 0) return keyValues('base=utc', { clock: 'host' });
  const shown = new Date(now.getTime() + offset * 1000).toISOString().slice(0, 19);
  return keyValues(`base=${shown}`, { clock: 'host' });
}

/** Seconds that a zone of the IANA database is ahead of UTC at a moment. */
export function zoneOffset(zone: string, at: Date): number {
  try {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
    if (match === null) throw new Error(name);
    const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  } catch {
    throw new PlanError(
      'InvalidTimezone',
      `spec.domain.clock.timezone ${JSON.stringify(zone)} is not in the time zone database`,
    );
  }
}
