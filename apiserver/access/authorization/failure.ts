/** Whether somebody may do something could not be found out. Answered 500, in plain text, and never as a no. */
export class AuthorizationFailure extends Error {
  override readonly name = 'AuthorizationFailure';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
