import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditTrail } from './audit-trail.ts';
import type { RequestInfo, UserInfo } from './info.ts';

/** One request on its way through the stages. Made by the edge, read by everyone after it. */
export interface RequestContext {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Throws 403 unless the user may do this, too, to what the request is about: an apply that turns out to create. */
  authorizeAlso(verb: string): Promise<void>;
  /** Aborts when the client goes away, the deadline passes or the server shuts down. */
  readonly signal: AbortSignal;
  /** The Audit-ID of this request, sent back as a header. */
  readonly auditID: string;
  /** Texts for Warning headers (299), added before the answer is written. */
  readonly warnings: string[];
  /** Adds an annotation to the request's audit event; absent where nothing is audited. */
  readonly annotate?: (key: string, value: string) => void;
  /** Absent where nothing is audited. */
  readonly audit?: AuditTrail | undefined;
}
