import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../base/log.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { Audit } from '../access/audit/audit.ts';
import type { AuditRecord, Outcome } from '../access/audit/record.ts';
import type { RequestContext } from '../request/context.ts';
import type { RequestInfo, UserInfo } from '../request/info.ts';
import { isLongRunning } from '../request/long-running.ts';
import { parseRequest } from '../request/parse.ts';
import { answerFault, isFault, tooManyRequests } from './fault.ts';
import { type InFlight, poolOf } from './in-flight.ts';
import { Lifetime } from './lifetime.ts';
import { requestTimeout } from './timeout.ts';

export interface Stages {
  readonly logger: Logger;
  readonly inFlight: InFlight;
  /** Milliseconds that an ordinary request may take; clients can ask for less with ?timeout=. */
  readonly requestTimeoutMs: number;
  /** Ends long-running requests. */
  readonly shutdown: AbortSignal;
  /** Throws 401. */
  authenticate(req: IncomingMessage): Promise<UserInfo>;
  /** The user that a request acts for (Impersonate-User); the same one when it does not ask for another. Throws 403. */
  impersonate(user: UserInfo, req: IncomingMessage): Promise<UserInfo>;
  /** Throws 403. */
  authorize(info: RequestInfo, user: UserInfo, annotate?: (key: string, value: string) => void): Promise<void>;
  /** Writes down who did what; absent = nobody wants to know. */
  readonly audit?: Audit | undefined;
  /** Called once for each request that could be parsed; the returned function is called when it is over. */
  observe(info: RequestInfo, res: ServerResponse): () => void;
}

/** Where a request comes to after the chain. It answers on `context.res`, or throws (a StatusError, else it is a fault). */
export type Destination = (context: RequestContext) => Promise<void>;

/** Its promise does not reject, whatever fails: nobody waits for it. */
export type Chain = (req: IncomingMessage, res: ServerResponse, destination: Destination) => Promise<void>;

/** The way of every request, upgrades included, in this order and nowhere else. TLS lies before it. */
export function createChain(stages: Stages): Chain {
  return async (req, res, destination) => {
    // Recovery lies around all that follows: no request stays without an answer, and none ends the process.
    const exchange = { req, res, warnings: [] as string[], audit: undefined as AuditRecord | undefined };
    const lifetime = new Lifetime(res, stages.shutdown);
    let over = (): void => {};
    let leave: (() => void) | undefined;
    // The audit id is set before anything can fail, so that also refusals can be found in the log.
    const auditID = auditIDOf(req);
    res.setHeader('Audit-Id', auditID);
    res.setHeader('Cache-Control', 'no-cache, private');
    const late = (err: unknown) => stages.logger.warn({ err, auditID }, 'a request failed after its deadline');
    const work = async (): Promise<void> => {
      const outcome = parseRequest(req.method ?? '', req.url ?? '');
      if (outcome.kind === 'malformed') throw errors.badRequest(outcome.message);
      const { info } = outcome;
      over = stages.observe(info, res);
      // The deadline runs from here: it covers remote authentication and the body.
      const longRunning = isLongRunning(info);
      if (longRunning) lifetime.endWithServer();
      else lifetime.setDeadline(requestTimeout(info, stages.requestTimeoutMs));
      const record = async (user: UserInfo | undefined) => {
        const audit = stages.audit?.record({ req, info, user, auditID, longRunning });
        if (audit === undefined) return undefined;
        // A slow log slows requests down before they do anything; none is worked on that could not be written down. One that
        // ends before that has done nothing and has no line: else who is not even known could fill the memory with lines.
        await stages.audit?.room(lifetime);
        exchange.audit = audit;
        return audit;
      };
      let caller: UserInfo;
      try {
        caller = await stages.authenticate(req);
      } catch (error) {
        await record(undefined);
        throw error;
      }
      const audit = await record(caller);
      audit?.received();
      // Before impersonation, as the limit is the caller's; after authentication, as administrators are exempt.
      if (!longRunning && !caller.groups.includes('system:masters')) {
        leave = stages.inFlight.enter(poolOf(info.verb));
        if (leave === undefined) return await tooManyRequests(exchange);
      }
      const user = await stages.impersonate(caller, req);
      if (user !== caller) audit?.actsFor(user);
      const annotate = (key: string, value: string) => audit?.annotate(key, value);
      // Before the destination looks anything up: who may not read gets the same 403 for what exists and what does not.
      await stages.authorize(info, user, annotate);
      const context: RequestContext = {
        ...exchange,
        info,
        user,
        auditID,
        annotate,
        authorizeAlso: (verb) => stages.authorize({ ...info, verb }, user, annotate),
        get signal() {
          return lifetime.signal;
        },
      };
      await destination(context);
    };
    // The place is given back when the work ends, which may be after its deadline.
    const working = work().finally(() => leave?.());
    let fault: unknown;
    /** For what is done about an answer: its failure is nobody else's to deal with. */
    const failed = (err: unknown): void => {
      fault ??= err;
      stages.logger.error({ err, auditID }, 'a request could not be brought to its end');
      if (!res.writableEnded) res.destroy();
    };
    const guarded = (step: () => void): void => {
      try {
        step();
      } catch (err) {
        failed(err);
      }
    };
    try {
      await lifetime.before(working, late);
    } catch (error) {
      if (isFault(error)) fault = error;
      await answerFault(exchange, error, stages.logger.child({ auditID })).catch(failed);
    }
    guarded(() => lifetime.close());
    guarded(() => exchange.audit?.end(outcomeOf(res, fault)));
    guarded(() => over());
  };
}

function outcomeOf(res: ServerResponse, fault: unknown): Outcome {
  if (fault !== undefined) return { kind: 'fault', message: fault instanceof Error ? fault.message : String(fault) };
  return res.headersSent ? { kind: 'answered', code: res.statusCode } : { kind: 'unanswered' };
}

/** The client's own id when it is a sane header value; 64 characters is Kubernetes' limit. */
function auditIDOf(req: IncomingMessage): string {
  const given = req.headers['audit-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,64}$/.test(given) ? given : randomUUID();
}
