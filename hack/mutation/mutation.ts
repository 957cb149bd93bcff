/**
 * One behaviour switched off by a change of the source. A suite that does not notice is no proof of the behaviour.
 */
export interface Mutation {
  /** Items of the checklist; for each of them a test that names it must fail. */
  readonly ids: readonly string[];
  /** What does not hold any more, for people. */
  readonly off: string;
  /** The source file, from the root. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** Test files that must notice, from the root. */
  readonly tests: readonly string[];
}
