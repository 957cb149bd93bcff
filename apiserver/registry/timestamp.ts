/** Now, in the whole seconds that Kubernetes' times have. */
export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}
