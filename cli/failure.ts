import { StatusError } from '../openapi/machinery/errors.ts';

/** One line for a person: what kubectl would print for a refusal of the server, else the message of the error. */
export function failureText(error: unknown): string {
  if (error instanceof StatusError) {
    return error.reason === '' ? `error: ${error.message}` : `Error from server (${error.reason}): ${error.message}`;
  }
  return `error: ${error instanceof Error ? error.message : String(error)}`;
}
