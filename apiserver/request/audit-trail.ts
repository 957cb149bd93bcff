/** What the stages of a request tell its audit event. Every method is harmless when nothing of it is to be kept. */
export interface AuditTrail {
  /** A remark such as who allowed the request and why; the first one of a key counts. */
  annotate(key: string, value: string): void;
  requestBody(bytes: Buffer, mediaType: string): void;
  /** The whole answer, as it is before it is indented or compressed. */
  responseBody(bytes: Buffer, mediaType: string): void;
  /** The head of an answer that goes on for long has been sent. */
  started(code: number): void;
}
