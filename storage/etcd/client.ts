import { Etcd3, type IOptions } from 'etcd3';
import type { EtcdOptions } from './options.ts';

/**
 * The one place that makes etcd3 clients, with everything switched off that would break the store's rules:
 *
 * - its retries: it sends a write again whose answer was lost, and reports its own success as a conflict (S3);
 * - its circuit breaker: after three failures it refuses all calls for five seconds, while etcd may long be back;
 * - its missing deadlines: a frozen etcd would hang every call for ever (S9);
 * - gRPC's limit of 4 MiB for an answer (S10).
 */
export function makeClient(
  options: Pick<EtcdOptions, 'servers' | 'tls' | 'pingEveryMs' | 'pingTimeoutMs' | 'callDeadlineMs'>,
): Etcd3 {
  const { servers, tls } = options;
  const deadlineMs = options.callDeadlineMs ?? DEFAULT_CALL_DEADLINE_MS;
  return new Etcd3({
    hosts: [...servers],
    ...(tls === undefined ? {} : { credentials: credentials(tls) }),
    faultHandling: { global: once, host: () => once },
    defaultCallOptions: (context) => (context.isStream ? {} : { deadline: Date.now() + deadlineMs }),
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': options.pingEveryMs ?? 10_000,
      'grpc.keepalive_timeout_ms': options.pingTimeoutMs ?? 5_000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.enable_retries': 0,
      // Back quickly after etcd was away; gRPC would wait up to two minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      // Each client has connections of its own: what hurts the calls does not hurt the watch.
      'grpc.use_local_subchannel_pool': 1,
    },
  });
}

export const DEFAULT_CALL_DEADLINE_MS = 5_000;

type FaultPolicy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** A policy that does nothing: each call is made once. */
const once: FaultPolicy = {
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
  execute: async (call) => call({ signal: new AbortController().signal }),
};

function credentials(tls: NonNullable<EtcdOptions['tls']>): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: tls.ca,
    ...(tls.key === undefined ? {} : { privateKey: tls.key }),
    ...(tls.cert === undefined ? {} : { certChain: tls.cert }),
  };
}
