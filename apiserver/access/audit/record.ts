import type { IncomingMessage } from 'node:http';
import type { Status } from '../../../openapi/machinery/object.ts';
import type { AuditTrail } from '../../request/audit-trail.ts';
import type { RequestInfo, UserInfo } from '../../request/info.ts';
import { type Body, bodyValue, longestBody, textOf } from './bodies.ts';
import { atLeast, carriesSecrets, type Plan, type Stage } from './policy.ts';
import { sourceIPs } from './source-ips.ts';

/** What a request is about, as far as the edge knows it. */
export interface Recorded {
  readonly req: IncomingMessage;
  readonly info: RequestInfo;
  /** Undefined when authentication failed. */
  readonly user: UserInfo | undefined;
  readonly auditID: string;
  readonly longRunning: boolean;
}

/** How a request ended. */
export type Outcome =
  | { readonly kind: 'answered'; readonly code: number }
  /** The client went away before there was an answer. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'fault'; readonly message: string };

const longestUserAgent = 1024;

/**
 * The audit event of one request, written down at each of its stages (audit.k8s.io/v1, kind Event).
 *
 * R1  One line for each stage that the policy does not omit; all of a request carry its audit id.
 * R2  The last line is ResponseComplete, or Panic after a fault of ours; nothing comes after it.
 * R3  Bodies are kept from level Request (what was sent) and RequestResponse (what was answered) on, and never for what
 *     holds credentials, whose messages are left out as well.
 */
export class AuditRecord implements AuditTrail {
  readonly #recorded: Recorded;
  readonly #plan: Plan;
  readonly #write: (line: string) => void;
  readonly #receivedAt = microTime();
  readonly #annotations: Record<string, string> = Object.create(null);
  #impersonated: UserInfo | undefined;
  #sent: Body | undefined;
  #answered: Body | undefined;
  #name: string;
  #startedWith: number | undefined;
  #ended = false;

  constructor(recorded: Recorded, plan: Plan, write: (line: string) => void) {
    this.#recorded = recorded;
    this.#plan = plan;
    this.#write = write;
    this.#name = recorded.info.name;
  }

  annotate(key: string, value: string): void {
    if (!Object.hasOwn(this.#annotations, key)) this.#annotations[key] = value;
  }

  actsFor(user: UserInfo): void {
    this.#impersonated = user;
  }

  requestBody(bytes: Buffer, mediaType: string): void {
    const { info } = this.#recorded;
    const body = { bytes, mediaType };
    // The name of a new object stands in its body, and is no secret.
    if (info.verb === 'create' && info.name === '') this.#name = nameIn(body);
    if (atLeast(this.#plan.level, 'Request')) this.#sent = body;
  }

  responseBody(bytes: Buffer, mediaType: string): void {
    // Nothing else than a Status is looked at below RequestResponse.
    if (atLeast(this.#plan.level, 'RequestResponse') || bytes.length <= longestBody)
      this.#answered = { bytes, mediaType };
  }

  received(): void {
    this.#line('RequestReceived', undefined);
  }

  /** R1: a stage of its own for what goes on for long, and for a caller that was not recognized. */
  started(code: number): void {
    if (this.#startedWith !== undefined) return;
    this.#startedWith = code;
    if (this.#recorded.longRunning || this.#recorded.user === undefined) {
      this.#line('ResponseStarted', { metadata: {}, code });
    }
  }

  end(outcome: Outcome): void {
    // R2. A caller that was not recognized has had its one line.
    if (this.#ended || this.#recorded.user === undefined) return;
    switch (outcome.kind) {
      case 'answered':
        this.#line('ResponseComplete', this.#statusOf(outcome.code));
        break;
      case 'unanswered':
        // A stream has answered by itself.
        if (this.#startedWith !== undefined) {
          this.#line('ResponseComplete', { metadata: {}, code: this.#startedWith });
          break;
        }
        this.#line('ResponseComplete', {
          metadata: {},
          status: 'Success',
          message: 'Connection closed early',
          code: 200,
        });
        break;
      case 'fault': {
        const status = { metadata: {}, status: 'Failure', reason: 'InternalError', code: 500 } as const;
        const message = `the server met a fault of its own: ${outcome.message}`;
        this.#line('Panic', { ...status, ...(carriesSecrets(this.#recorded.info) ? {} : { message }) });
        break;
      }
      default:
        outcome satisfies never;
    }
    this.#ended = true;
  }

  /** What the answer says of itself when it is a Status; else its code. */
  #statusOf(code: number): Partial<Status> {
    const answer =
      code >= 400 && this.#answered?.mediaType === 'application/json' ? bodyValue(this.#answered) : undefined;
    const { kind, apiVersion, ...status } = (answer ?? {}) as Status;
    if (kind !== 'Status') return { metadata: {}, code };
    // A message may quote what was sent.
    if (!carriesSecrets(this.#recorded.info)) return status;
    const { message, details, ...rest } = status;
    return rest;
  }

  /** A long list, which nobody holds as a whole. */
  get #answeredInSlices(): boolean {
    const wanted = atLeast(this.#plan.level, 'RequestResponse') && !this.#recorded.longRunning;
    return wanted && this.#startedWith !== undefined && this.#answered === undefined;
  }

  #line(stage: Stage, responseStatus: Partial<Status> | undefined): void {
    const { level, omitStages } = this.#plan;
    if (this.#ended || omitStages.has(stage)) return;
    const { req, info, user, auditID } = this.#recorded;
    const agent = req.headers['user-agent'];
    const complete = stage === 'ResponseComplete' || stage === 'Panic';
    const sent = stage === 'RequestReceived' ? undefined : this.#sent;
    const answered = complete && atLeast(level, 'RequestResponse') ? this.#answered : undefined;
    const { omitManagedFields } = this.#plan;
    const bodies = [
      { name: 'requestObject', body: sent, text: textOf(sent, false, omitManagedFields) },
      { name: 'responseObject', body: answered, text: textOf(answered, true, omitManagedFields) },
    ];
    const leftOut = bodies.some(({ body, text }) => body !== undefined && body.bytes.length > 0 && text === undefined);
    if (complete && (leftOut || this.#answeredInSlices)) {
      this.annotate('audit.k8s.io/truncated', 'true');
    }
    const event = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID,
      stage,
      requestURI: req.url ?? '',
      verb: info.verb,
      user: user === undefined ? {} : userOf(user),
      ...(this.#impersonated === undefined ? {} : { impersonatedUser: userOf(this.#impersonated) }),
      sourceIPs: sourceIPs(req),
      ...(agent === undefined ? {} : { userAgent: shortened(agent) }),
      ...(info.isResource ? { objectRef: this.#objectRef() } : {}),
      ...(responseStatus === undefined ? {} : { responseStatus }),
      requestReceivedTimestamp: this.#receivedAt,
      stageTimestamp: stage === 'RequestReceived' ? this.#receivedAt : microTime(),
      ...(Object.keys(this.#annotations).length === 0 ? {} : { annotations: this.#annotations }),
    };
    const texts = bodies.map(({ name, text }) => (text === undefined ? '' : `,"${name}":${text}`));
    this.#write(`${JSON.stringify(event).slice(0, -1)}${texts.join('')}}`);
  }

  #objectRef() {
    const { resource, namespace, group, version, subresource } = this.#recorded.info;
    const fields = { resource, namespace, name: this.#name, apiGroup: group, apiVersion: version, subresource };
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  }
}

function userOf({ name: username, uid, groups, extra }: UserInfo) {
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function nameIn(body: Body): string {
  const value = bodyValue(body) as { metadata?: { name?: unknown } | null } | null | undefined;
  const name = typeof value === 'object' ? value?.metadata?.name : undefined;
  return typeof name === 'string' ? name.slice(0, 253) : '';
}

function shortened(agent: string): string {
  return agent.length <= longestUserAgent ? agent : `${agent.slice(0, longestUserAgent)}...TRUNCATED`;
}

let origin = performance.timeOrigin;

/** Now, in microseconds. Two of them never stand in the wrong order, but when the machine's clock is set. */
function microTime(): string {
  const drift = Date.now() - (origin + performance.now());
  if (Math.abs(drift) > 2) origin += drift;
  const micros = Math.round((origin + performance.now()) * 1000);
  const milliseconds = Math.floor(micros / 1000);
  return `${new Date(milliseconds).toISOString().slice(0, 23)}${String(micros - milliseconds * 1000).padStart(3, '0')}Z`;
}
