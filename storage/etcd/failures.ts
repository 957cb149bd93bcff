import { isRecoverableError } from 'etcd3';

/** What a failed call to etcd means. etcd tells these apart by text alone. */
export type Failure =
  /** The revision asked for is no longer, or not yet, there. */
  | 'compacted'
  | 'future'
  /** Refused for its size; nothing happened. */
  | 'too-large'
  /** Refused for another reason; nothing happened, and asking again would not help. */
  | 'refused'
  /** No answer, or none that says what happened. */
  | 'unknown';

const TEXTS: readonly (readonly [RegExp, Failure])[] = [
  [/required revision has been compacted/, 'compacted'],
  [/required revision is a future revision/, 'future'],
  [/request is too large|trying to send message larger than max|received message larger than max/, 'too-large'],
  [/database space exceeded/, 'refused'],
];

const REFUSALS =
  /INVALID_ARGUMENT|PERMISSION_DENIED|UNAUTHENTICATED|FAILED_PRECONDITION|NOT_FOUND|OUT_OF_RANGE|UNIMPLEMENTED/;

export function failureOf(error: unknown): Failure {
  const text = textOf(error);
  const known = TEXTS.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  // A network error can quote anything, so etcd3's own judgement comes before the status names.
  if (error instanceof Error && isRecoverableError(error)) return 'unknown';
  return REFUSALS.test(text) ? 'refused' : 'unknown';
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
