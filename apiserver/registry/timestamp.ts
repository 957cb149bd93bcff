let shown = { second: -1, text: '' };

/** Now, in the whole seconds that Kubernetes' times have. */
export function timestamp(now: Date): string {
  const second = Math.floor(now.getTime() / 1000);
  if (second !== shown.second) shown = { second, text: `${now.toISOString().slice(0, 19)}Z` };
  return shown.text;
}
