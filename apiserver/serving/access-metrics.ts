import type { IncomingMessage } from 'node:http';
import type { Metrics } from '../../base/metrics.ts';
import type { Stages } from '../edge/chain.ts';
import type { UserInfo } from '../request/info.ts';

type Access = Pick<Stages, 'authenticate' | 'impersonate' | 'authorize'>;

const filterBounds = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];
const waitBounds = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192];

/** The same stages, measured by names and labels of kube-apiserver. */
export function measuredAccess(metrics: Metrics, stages: Access): Access {
  const filters = metrics.histogram<'filter'>({
    name: 'apiserver_request_filter_duration_seconds',
    help: 'Seconds of each stage before a request is worked on.',
    labels: { filter: ['authentication', 'impersonation', 'authorization'] },
    buckets: filterBounds,
  });
  const attempts = metrics.counter<'result'>({
    name: 'authentication_attempts',
    help: 'Requests by the outcome of authentication.',
    labels: { result: ['success', 'failure', 'error'] },
  });
  const authentication = metrics.histogram<'result'>({
    name: 'authentication_duration_seconds',
    help: 'Seconds of authentication.',
    labels: { result: ['success', 'failure', 'error'] },
    buckets: waitBounds,
  });
  const users = metrics.counter<'username'>({
    name: 'authenticated_user_requests',
    help: 'Requests by user; all but a few well-known names count as "other".',
    labels: { username: ['other'] },
  });
  const decisions = metrics.counter<'result'>({
    name: 'authorization_attempts_total',
    help: 'Requests by the outcome of authorization.',
    labels: { result: ['allowed', 'denied', 'error'] },
  });
  const authorization = metrics.histogram<'result'>({
    name: 'authorization_duration_seconds',
    help: 'Seconds of authorization.',
    labels: { result: ['allowed', 'denied', 'error'] },
    buckets: waitBounds,
  });
  const timed = async <T>(filter: string, work: Promise<T>, told: (seconds: number, error: unknown) => void) => {
    const began = performance.now();
    let failure: unknown;
    try {
      return await work;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      const seconds = (performance.now() - began) / 1_000;
      filters.observe({ filter }, seconds);
      told(seconds, failure);
    }
  };
  return {
    async authenticate(req: IncomingMessage): Promise<UserInfo> {
      const user = await timed('authentication', stages.authenticate(req), (seconds, error) => {
        const result = error === undefined ? 'success' : codeOf(error) === 401 ? 'failure' : 'error';
        attempts.inc({ result });
        authentication.observe({ result }, seconds);
      });
      users.inc({ username: shownName(user.name) });
      return user;
    },
    impersonate: (user, req) => timed('impersonation', stages.impersonate(user, req), () => undefined),
    authorize: (info, user, annotate) =>
      timed('authorization', stages.authorize(info, user, annotate), (seconds, error) => {
        const result = error === undefined ? 'allowed' : codeOf(error) === 403 ? 'denied' : 'error';
        decisions.inc({ result });
        authorization.observe({ result }, seconds);
      }),
  };
}

/** Names that clients choose are no labels: there would be any number of them. */
function shownName(name: string): string {
  return /^(?:admin|system:anonymous|system:apiserver|system:kube-[a-z-]{1,40}|torpor-admin|torpor:[a-z-]{1,40})$/.test(
    name,
  )
    ? name
    : 'other';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
