import { built, open, type Section } from './item.ts';

/** Subresources and streams. */
export const subresources: Section = {
  U1: built('the number of replicas is read and written by itself, as a Scale'),
  U2: open,
  U3: open,
  U4: open,
  U5: open,
  U6: open,
  U7: open,
  U8: open,
  U9: built('A dry run of a stream is 400; metrics call a stream CONNECT'),
  U10: open,
};
