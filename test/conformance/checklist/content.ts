import { built, type Section } from './item.ts';

/** Content negotiation, encodings, tables. */
export const content: Section = {
  C1: built('A body without Content-Type is JSON, everywhere but in a PATCH.'),
  C2: built('The first clause of Accept that can be served, by weight and order; else 406 with the types.'),
  C3: built('JSON and YAML in bodies and answers, parameters ignored; else 415 with the types.'),
  C4: built('Unknown transformations are skipped with their clause; the answer is called plain JSON.'),
  C5: built('Which view goes with which answer; the wrong one is 406; a Status passes as it is.'),
  C6: built('PartialObjectMetadata and its list have whole metadata, kinds and versions.'),
  C7: built('What the metadata client accepts gives metadata on get, list and watch.'),
  C8: built('Protobuf is skipped where JSON may follow; no JSON is called protobuf.'),
  C9: built('CBOR is skipped where JSON may follow.'),
  C10: built('A table has columns with types and rows with as many cells of these types.'),
  C11: built('includeObject: nothing, metadata or the object; anything else is 400.'),
  C12: built('The name first, then what is special, and an age that people read.'),
  C13: built('What kubectl get asks for, in pages.'),
  C14: built('Tables in a watch, with columns in the first frame.'),
  C15: built('No table for who did not ask for one.'),
  C16: built('Indented on demand and for programs that people read.'),
  C17: built('gzip above 128 KiB for those who accept it, with Vary; never a watch.'),
  C18: built('Cache-Control, Content-Type and Audit-Id on every answer.'),
  C19: built('Patch types; a PATCH without Content-Type is 415.'),
  C20: built(
    'Whole seconds, lists that are never null, doubled keys, __proto__; numbers that would lose digits are refused (docs/decisions/0030).',
  ),
};
