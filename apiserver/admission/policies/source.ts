import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../../base/log.ts';
import type { HostCluster } from '../../cluster/host-cluster.ts';
import { admissionPolicies, admissionPolicyBindings } from '../kinds.ts';
import { waitFor } from '../synced.ts';
import { type CompiledPolicy, followPolicies } from './compile.ts';

/**
 * The host cluster's ValidatingAdmissionPolicies, where it has them (1.28 and newer).
 *
 * F1  Whether it has them is found out by discovery. Where they are not served there is no policy, and nothing waits.
 *     Any other answer, a refusal too, leaves it unknown: no write passes, as a policy might forbid it. Clusters let every
 *     user discover what they serve (system:discovery).
 * F2  Where they are served, no write passes before all of them are known.
 * F3  A cluster that does not serve them is asked again now and then: it may be upgraded.
 */
export interface PolicySource {
  /** @throws StatusError 503 while it is not known which policies there are (F2). */
  policies(): Promise<readonly CompiledPolicy[]>;
  /** Undefined when writes can be judged, else why not. */
  readonly unready: string | undefined;
  close(): Promise<void>;
}

const VERSIONS = ['v1', 'v1beta1'];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const ASK_AGAIN_MS = 300_000;

type State =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'followed';
      readonly compiled: () => readonly CompiledPolicy[];
      readonly synced: (signal: AbortSignal) => Promise<unknown>;
      readonly isSynced: () => boolean;
    };

export function followPolicySource(
  cluster: Pick<HostCluster, 'serves' | 'follow'>,
  logger: Logger,
  askAgainMs = ASK_AGAIN_MS,
): PolicySource {
  let state: State = { kind: 'unknown' };
  let failure = '';
  const end = new AbortController();
  let known: () => void = () => undefined;
  const decided = new Promise<void>((resolve) => {
    known = resolve;
  });

  const look = async (): Promise<State> => {
    for (const version of VERSIONS) {
      if (!(await cluster.serves(admissionPolicies(version)))) continue;
      const policies = cluster.follow(admissionPolicies(version));
      const bindings = cluster.follow(admissionPolicyBindings(version));
      return {
        kind: 'followed',
        compiled: followPolicies(policies, bindings),
        synced: (signal) => Promise.all([policies.whenSynced(signal), bindings.whenSynced(signal)]),
        isSynced: () => policies.synced && bindings.synced,
      };
    }
    return { kind: 'absent' };
  };
  const run = async (): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    while (!end.signal.aborted && state.kind !== 'followed') {
      let wait = askAgainMs;
      try {
        const before = state.kind;
        state = await look();
        known();
        if (state.kind !== before) logger.info({ policies: state.kind }, "the cluster's ValidatingAdmissionPolicies");
        pause = FIRST_PAUSE_MS;
      } catch (err) {
        if (end.signal.aborted) return;
        logger.warn({ err }, 'it cannot be found out whether the cluster has ValidatingAdmissionPolicies');
        failure = `: ${(err as Error).message}`;
        wait = pause;
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
      if (state.kind !== 'followed') await delay(wait, undefined, { signal: end.signal }).catch(() => undefined);
    }
  };
  const running = run();

  return {
    async policies() {
      if (state.kind === 'unknown') {
        await waitFor('validatingadmissionpolicies', (signal) => Promise.race([decided, aborted(signal)]));
      }
      if (state.kind !== 'followed') return [];
      const { compiled, synced, isSynced } = state;
      if (!isSynced()) await waitFor('validatingadmissionpolicies', synced);
      return compiled();
    },
    get unready() {
      switch (state.kind) {
        case 'unknown':
          return `it is not known whether the cluster has ValidatingAdmissionPolicies${failure}`;
        case 'absent':
          return undefined;
        case 'followed':
          return state.isSynced() ? undefined : 'ValidatingAdmissionPolicies have not been listed yet';
        default:
          return state satisfies never;
      }
    },
    async close() {
      end.abort();
      await running;
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
