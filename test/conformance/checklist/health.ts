import { open, type Section } from './item.ts';

/** Health, metrics, version. */
export const health: Section = {
  H1: open,
  H2: open,
  H3: open,
  H4: open,
  H5: open,
};
