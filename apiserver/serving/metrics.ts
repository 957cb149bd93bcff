import type { ServerResponse } from 'node:http';
import type { Metrics } from '../../base/metrics.ts';
import { type InFlight, poolOf } from '../edge/in-flight.ts';
import type { RequestInfo } from '../request/info.ts';
import { isLongRunning } from '../request/long-running.ts';

const durations = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sizes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

const upstreamVerbs: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
};

const shape = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
type Labels = Record<(typeof shape)[number], string>;
const none = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, []])) as never;

export interface RequestMetrics {
  observe(info: RequestInfo, res: ServerResponse): () => void;
  tlsHandshakeFailed(): void;
}

/** Names and labels of kube-apiserver, so that its dashboards and alerts work. */
export function requestMetrics(
  metrics: Metrics,
  inFlight: InFlight,
  isServed: (group: string, version: string, resource: string, subresource: string) => boolean,
): RequestMetrics {
  const total = metrics.counter<keyof Labels | 'dry_run' | 'code'>({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and HTTP code.',
    labels: none([...shape, 'dry_run', 'code']),
  });
  const seconds = metrics.histogram<keyof Labels | 'dry_run'>({
    name: 'apiserver_request_duration_seconds',
    help: 'Seconds from a request to the end of its answer; long-running requests are left out.',
    labels: none([...shape, 'dry_run']),
    buckets: durations,
  });
  const objective = metrics.histogram<keyof Labels>({
    name: 'apiserver_request_sli_duration_seconds',
    help: 'The same without what the server had to wait for from others, for objectives of service.',
    labels: none(shape),
    buckets: durations.filter((bound) => bound >= 0.05),
  });
  const bytes = metrics.histogram<keyof Labels>({
    name: 'apiserver_response_sizes',
    help: 'Bytes of answers.',
    labels: none(shape),
    buckets: sizes,
  });
  const longRunning = metrics.gauge<keyof Labels>({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and streams that are open.',
    labels: none(shape),
  });
  const terminations = metrics.counter<keyof Labels | 'code'>({
    name: 'apiserver_request_terminations_total',
    help: 'Requests that the server ended to protect itself: too many at once (429) or too long (504).',
    labels: none([...shape, 'code']),
  });
  const aborts = metrics.counter<keyof Labels>({
    name: 'apiserver_request_aborts_total',
    help: 'Requests whose client went away before the end of the answer; watches and streams are left out.',
    labels: none(shape),
  });
  metrics.gauge<'request_kind'>({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are worked on, without long-running ones.',
    labels: { request_kind: ['mutating', 'readOnly'] },
    collect() {
      this.set({ request_kind: 'mutating' }, inFlight.count('mutating'));
      this.set({ request_kind: 'readOnly' }, inFlight.count('readOnly'));
    },
  });
  const handshakes = metrics.counter({
    name: 'apiserver_tls_handshake_errors_total',
    help: 'Connections whose TLS handshake failed.',
    labels: {},
  });

  return {
    tlsHandshakeFailed: () => handshakes.inc(),
    observe(info, res) {
      const started = process.hrtime.bigint();
      const labels = labelsOf(info, res, isServed);
      const dry = { dry_run: poolOf(info.verb) === 'mutating' && info.query.has('dryRun') ? 'All' : '' };
      const long = isLongRunning(info);
      const sentBefore = res.socket?.bytesWritten ?? 0;
      if (long) longRunning.inc(labels);
      return () => {
        if (long) longRunning.dec(labels);
        // A stream that took its connection over has answered 101 itself.
        const upgraded = !res.headersSent && res.req.headers.upgrade !== undefined;
        const code = res.headersSent ? res.statusCode : upgraded ? 101 : 0;
        total.inc({ ...labels, ...dry, code: String(code) });
        if (long) return;
        const took = Number(process.hrtime.bigint() - started) / 1e9;
        seconds.observe({ ...labels, ...dry }, took);
        objective.observe(labels, took);
        if (code === 429 || code === 504) terminations.inc({ ...labels, code: String(code) });
        if (!res.writableEnded) {
          aborts.inc(labels);
          return;
        }
        // An answer that came in pieces says nowhere how long it is.
        const length = Number(res.getHeader('content-length') ?? (res.socket?.bytesWritten ?? 0) - sentBefore);
        if (length > 0) bytes.observe(labels, length);
      };
    },
  };
}

/** Only names that are served become labels: a client could make up any number of others. */
function labelsOf(info: RequestInfo, res: ServerResponse, isServed: Parameters<typeof requestMetrics>[2]): Labels {
  const { group, version, resource, subresource, namespace, name } = info;
  const component = 'apiserver';
  if (!info.isResource || !isServed(group, version, resource, subresource)) {
    const verb = ['get', 'post', 'put', 'patch', 'delete'].includes(info.verb) ? info.verb : 'other';
    return {
      verb: info.isResource ? 'OTHER' : info.verb === 'head' ? 'GET' : verb.toUpperCase(),
      group: '',
      version: '',
      resource: '',
      subresource: '',
      scope: '',
      component,
    };
  }
  const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
  return { verb: verbOf(info, res), group, version, resource, subresource, scope, component };
}

function verbOf(info: RequestInfo, res: ServerResponse): string {
  if (isLongRunning(info) && info.verb !== 'watch') return 'CONNECT';
  const { 'content-type': type = '' } = res.req.headers;
  if (info.verb === 'patch' && /^application\/apply-patch\b/i.test(type)) return 'APPLY';
  return upstreamVerbs[info.verb] ?? (info.verb === '' ? 'OTHER' : info.verb.toUpperCase());
}
