import { open, type Section } from './item.ts';

/** Patches and server-side apply. */
export const patches: Section = {
  P1: open,
  P2: open,
  P3: open,
  P4: open,
  P5: open,
  P6: open,
  P20: open,
  P21: open,
  P22: open,
  P23: open,
  P24: open,
  P25: open,
  P26: open,
  P27: open,
  P28: open,
  P29: open,
  P30: open,
  P31: open,
  P32: open,
  P33: open,
  P34: open,
};
