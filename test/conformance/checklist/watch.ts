import { open, type Section } from './item.ts';

/** Watch. */
export const watch: Section = {
  W1: open,
  W2: open,
  W3: open,
  W4: open,
  W5: open,
  W6: open,
  W7: open,
  W8: open,
  W9: open,
  W10: open,
  W11: open,
  W12: open,
  W13: open,
  W14: open,
  W15: open,
  W16: open,
  W17: open,
  W18: open,
  W19: open,
  W20: open,
  W21: open,
  W22: open,
};
