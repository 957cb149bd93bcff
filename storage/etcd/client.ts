import { Etcd3, type IOptions } from 'etcd3';
import { failureOf } from './failures.ts';
import type { Members } from './members.ts';
import type { EtcdOptions } from './options.ts';

/**
 * The one place that makes etcd3 clients, with everything switched off that would break the store's rules:
 *
 * - its retries: it sends a write again whose answer was lost, and reports its own success as a conflict (S3);
 * - its circuit breaker: after three failures it refuses all calls for five seconds, while etcd may long be back;
 * - its missing deadlines: a frozen etcd would hang every call for ever (S9);
 * - gRPC's limit of 4 MiB for an answer (S10).
 *
 * In their place `members` says which member is asked, and learns how it went. With `requireLeader` a member that has no
 * leader refuses, and ends streams.
 */
export function makeClient(
  options: Pick<EtcdOptions, 'servers' | 'tls' | 'pingEveryMs' | 'pingTimeoutMs' | 'callDeadlineMs'>,
  members?: Members,
  requireLeader = false,
): Etcd3 {
  const { servers, tls } = options;
  const deadlineMs = options.callDeadlineMs ?? DEFAULT_CALL_DEADLINE_MS;
  return new Etcd3({
    hosts: [...servers],
    ...(tls === undefined ? {} : { credentials: credentials(tls) }),
    faultHandling: { global: once, host: (server) => (members === undefined ? once : askedIfWell(members, server)) },
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
      ...(requireLeader ? { interceptors: [withLeader] } : {}),
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

/** etcd3 goes on to another member when a policy refuses without having made the call. */
function askedIfWell(members: Members, server: string): FaultPolicy {
  return {
    ...once,
    async execute(call) {
      if (!members.admits(server)) throw new Error(`${server} did not answer lately`);
      try {
        const answer = await once.execute(call);
        members.answered(server);
        return answer;
      } catch (error) {
        if (failureOf(error) === 'unknown') members.failed(server);
        else members.answered(server);
        throw error;
      }
    },
  };
}

/** What this needs of gRPC's interceptors. */
interface Call {
  start(metadata: { set(name: string, value: string): void }, listener: unknown): void;
}

function withLeader(options: unknown, nextCall: (options: unknown) => Call): Call {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set('hasleader', 'true');
    start(metadata, listener);
  };
  return call;
}

function credentials(tls: NonNullable<EtcdOptions['tls']>): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: tls.ca,
    ...(tls.key === undefined ? {} : { privateKey: tls.key }),
    ...(tls.cert === undefined ? {} : { certChain: tls.cert }),
  };
}
