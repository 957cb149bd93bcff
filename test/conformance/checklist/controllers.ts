import { built, open, type Section } from './item.ts';

/** Garbage collector, namespace and quota controllers. */
export const controllers: Section = {
  N1: open,
  N2: open,
  N3: open,
  N4: open,
  N5: open,
  N6: open,
  N7: open,
  N8: built('What is left in a namespace that the host no longer has, or has anew, is deleted'),
  N10: open,
  N11: open,
  N12: open,
  N13: open,
  N14: open,
  N15: open,
  N16: open,
  N17: open,
};
