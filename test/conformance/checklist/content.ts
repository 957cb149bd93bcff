import { open, type Section } from './item.ts';

/** Content negotiation, encodings, tables. */
export const content: Section = {
  C1: open,
  C2: open,
  C3: open,
  C4: open,
  C5: open,
  C6: open,
  C7: open,
  C8: open,
  C9: open,
  C10: open,
  C11: open,
  C12: open,
  C13: open,
  C14: open,
  C15: open,
  C16: open,
  C17: open,
  C18: open,
  C19: open,
  C20: open,
};
