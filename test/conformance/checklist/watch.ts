import { built, type Section } from './item.ts';

/** Watch. */
export const watch: Section = {
  W1: built('Headers at once, one compact line for each event, flushed with it.'),
  W2: built('Whole objects; a deletion carries the last state under its own version.'),
  W3: built('Entering a selection is ADDED, leaving it DELETED with the state before.'),
  W4: built('From no version or 0 the state first; from a version strictly what is later, once and in order.'),
  W5: built('A version that is gone is an ERROR event with 410; one of the future is silent, or 504 with the state.'),
  W6: built('Bad options are refused before the stream; a cache that is not ready is 429 with Retry-After.'),
  W7: built('timeoutSeconds ends a watch cleanly; without it the server does, after a random time.'),
  W8: built('Bookmarks every minute and before the end, for those who asked, in their form.'),
  W9: built('A bookmark is never ahead of what was sent.'),
  W10: built(
    'sendInitialEvents: the state, a marked bookmark, then changes; in every form, for empty collections too.',
  ),
  W11: built('sendInitialEvents and resourceVersionMatch only go together.'),
  W12: built('The request that the informers of client-go make syncs them.'),
  W13: built("The mark's version is where a client goes on."),
  W14: built('One object by its name, and the old /watch/ paths.'),
  W15: built('Watch over a WebSocket: text messages, the same access checks, close message at the end.'),
  W16: built('A client that does not read is ended and costs others nothing.'),
  W17: built('One watch on the store, a bounded history, replay from within it.'),
  W18: built('Compaction every five minutes by one of all replicas; fresh reads by a quorum read.'),
  W19: built('A store that went back, or is another one, is not served.'),
  W20: built('Versions are decimal and grow.'),
  W21: built('Ends and refusals are such that clients come back in good order.'),
  W22: built('Parameters that nobody knows are ignored.'),
};
