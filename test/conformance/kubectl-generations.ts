import { type KubectlRelease, kubectls } from '../harness/kubectls.ts';
import { type Kubectl, type KubectlBench, startKubectlBench } from './kubectl.ts';

/** One generation of kubectl in a suite: each has a namespace of its own on the one server. */
export interface Generation {
  readonly version: string;
  readonly release: KubectlRelease;
  readonly namespace: string;
  /** True from that version on; 1.20 lacks much of what the others have. */
  since(version: string): boolean;
  /** For the tests; to be asked for when the server runs. */
  kubectl(): Kubectl;
}

export interface Generations {
  readonly all: readonly Generation[];
  bench(): KubectlBench;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The three kubectls of Debian, and a server that `start` starts for all of them. */
export async function generations(): Promise<Generations> {
  const programs = await kubectls();
  let running: KubectlBench | undefined;
  const bench = (): KubectlBench => {
    if (running === undefined) throw new Error('the server does not run');
    return running;
  };
  return {
    bench,
    all: programs.map(({ version, release, program }) => {
      const namespace = `kubectl-${version.replace('.', '-')}`;
      return {
        version,
        release,
        namespace,
        since: (wanted) => minor(version) >= minor(wanted),
        kubectl: () => bench().using(program, `--namespace=${namespace}`),
      };
    }),
    async start() {
      running = await startKubectlBench(programs.at(-1)?.program);
      for (const { version } of programs)
        await running.ok('create', 'namespace', `kubectl-${version.replace('.', '-')}`);
    },
    async stop() {
      await running?.stop();
    },
  };
}

const minor = (version: string) => Number(version.split('.')[1]);
