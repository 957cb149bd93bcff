import { open, type Section } from './item.ts';

/** Delete and deletecollection. */
export const deletion: Section = {
  X1: open,
  X2: open,
  X3: open,
  X4: open,
  X5: open,
  X6: open,
  X10: open,
  X11: open,
};
