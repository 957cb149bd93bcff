/**
 * One behaviour that clients of a Kubernetes API server rely on. The numbers are those by which tests name it.
 */
export type Item =
  /** Ours to do; tests name it. */
  | { readonly kind: 'built'; readonly says: string }
  /** Left out on purpose: `decision` is the file in docs/decisions that says why. */
  | { readonly kind: 'declined'; readonly says: string; readonly decision: string }
  /** How another program behaves; there is nothing to build for it. Tests may still name it. */
  | { readonly kind: 'fact'; readonly says: string }
  /** Nobody has said yet where it stands. */
  | { readonly kind: 'open' };

export type Section = Readonly<Record<string, Item>>;

export const open: Item = { kind: 'open' };
export const built = (says: string): Item => ({ kind: 'built', says });
export const declined = (says: string, decision: string): Item => ({ kind: 'declined', says, decision });
export const fact = (says: string): Item => ({ kind: 'fact', says });
