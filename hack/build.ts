import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, formatMessages } from 'esbuild';

/**
 * Source → dist. One self-contained bundle per program, so that a process loads one file in place of hundreds.
 * What stays outside of the bundles reads files beside its own code (etcd3 and grpc their .proto files) or is loaded
 * by few (client-node, 75 MiB).
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export interface Program {
  readonly bundle: string;
  readonly entry: string;
}

export const PROGRAMS: readonly Program[] = [
  { bundle: 'apiserver', entry: 'apiserver/main.ts' },
  // A thread of the API server begins with a file of its own, beside the bundle that starts it.
  { bundle: 'yaml-reader', entry: 'apiserver/verbs/yaml-reader.mjs' },
  { bundle: 'reconcilers', entry: 'reconcilers/main.ts' },
  { bundle: 'launcher', entry: 'launcher/main.ts' },
  { bundle: 'kubectl-vm', entry: 'cli/main.ts' },
];

const EXTERNAL = ['etcd3', '@grpc/*', '@kubernetes/client-node'];

/** CommonJS packages inside of an ES module ask for these names. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __directoryOf } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __directoryOf(__filename);',
].join(' ');

/** Bundles the programs; rejects with esbuild's messages, or with the entries that are missing. */
export async function bundle(programs: readonly Program[] = PROGRAMS): Promise<void> {
  const absent: string[] = [];
  for (const { entry } of programs) await access(path.join(root, entry)).catch(() => absent.push(entry));
  if (absent.length > 0) throw new Error(`cannot build: ${absent.join(', ')} is missing from the source tree`);
  const result = await build({
    absWorkingDir: root,
    entryPoints: programs.map(({ bundle, entry }) => ({ in: entry, out: bundle })),
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: 'silent',
  }).catch(async (error: unknown) => {
    const { errors } = error as { errors?: Parameters<typeof formatMessages>[0] };
    if (errors === undefined) throw error;
    throw new Error((await formatMessages(errors, { kind: 'error', color: false })).join('\n'));
  });
  for (const warning of result.warnings) console.warn(`esbuild: ${warning.text}`);
  const expected = new Set(programs.flatMap(({ bundle }) => [`${bundle}.mjs`, `${bundle}.mjs.map`]));
  if (programs === PROGRAMS) {
    // Bundles of programs that exist no longer must not be started by accident.
    for (const name of await readdir(path.join(root, 'dist'))) {
      if (/\.mjs(\.map)?$/.test(name) && !expected.has(name)) await rm(path.join(root, 'dist', name));
    }
  }
  await chmod(path.join(root, 'dist/kubectl-vm.mjs'), 0o755).catch(() => {});
}

/** Compiles the supervisor to dist/supervisor with its own script. */
export async function buildSupervisor(): Promise<void> {
  const output = path.join(root, 'dist/supervisor');
  await mkdir(path.dirname(output), { recursive: true });
  try {
    await promisify(execFile)(path.join(root, 'launcher/supervisor/build'), [output], { cwd: root });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`cannot build the supervisor (is gcc installed?):\n${stderr || message}`);
  }
}

async function main(): Promise<void> {
  const started = performance.now();
  await Promise.all([bundle(), buildSupervisor()]);
  for (const name of (await readdir(path.join(root, 'dist'))).sort()) {
    if (name.endsWith('.map')) continue;
    const { size } = await stat(path.join(root, 'dist', name));
    console.log(`dist/${name}  ${Math.ceil(size / 1024)} KiB`);
  }
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(`hack/build: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
