/**
 * A time span as kubectl prints it: two units while that says something, one when it does not. `<unknown>` without a
 * time, `<invalid>` for the future.
 */
export function age(since: string | null | undefined, now: Date): string {
  if (!since) return '<unknown>';
  const elapsed = now.getTime() - Date.parse(since);
  if (Number.isNaN(elapsed)) return '<unknown>';
  // Clocks of two computers differ by a little.
  if (elapsed < -2_000) return '<invalid>';
  return span(Math.max(0, Math.floor(elapsed / 1000)));
}

/** Kubernetes' HumanDuration. */
function span(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}
