import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@hey-api/openapi-ts';
import openapiTS, { astToString } from 'openapi-typescript';
import { parse } from 'yaml';
import { embedded, kubectl, up } from '../../harness/embedded.ts';
import { eventually } from '../../harness/eventually.ts';

/**
 * Clients that others make of our OpenAPI document: two generators of the npm registry, each with the program of
 * examples/clients that is written against what it makes. Both are compiled under strict and do the life of a machine.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const document = path.join(root, 'openapi/generated/v3/apis/torpor.dev/v1alpha1.json');
const run = promisify(execFile);

const COMPILER = [
  ...['--strict', '--noUncheckedIndexedAccess', '--target', 'es2023', '--module', 'nodenext'],
  ...['--moduleResolution', 'nodenext', '--lib', 'es2023,dom,dom.iterable,dom.asynciterable', '--types', 'node'],
];

describe('clients made of openapi/generated', () => {
  let directory: string;
  let server: string;

  before(async () => {
    await up();
    directory = await mkdtemp(path.join(tmpdir(), 'torpor-clients-'));
    await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
    server = await credentials(directory);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Copies the example into the directory, compiles it with what was made beside it and runs it; what it printed. */
  async function compileAndRun(example: string): Promise<string> {
    await copyFile(path.join(root, 'examples/clients', example), path.join(directory, example));
    await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...COMPILER, example], {
      cwd: directory,
    }).catch((error: { stdout: string }) => assert.fail(`tsc refuses ${example}:\n${error.stdout}`));
    const program = path.join(directory, example.replace('.ts', '.js'));
    const { stdout } = await run(process.execPath, [program, server, directory], { cwd: directory, timeout: 60_000 });
    return stdout.trim();
  }

  /** The program printed the first event of its watch, which came of its own deletion; the machine is gone or going. */
  async function assertLived(printed: string): Promise<void> {
    assert.match(printed, /^(MODIFIED|DELETED) client-[a-z0-9]{5}$/);
    const [, name = ''] = printed.split(' ');
    await eventually(`${name} is gone`, 30_000, async () => {
      const left = await kubectl(['get', 'vm', name, '--ignore-not-found', '-o', 'name']);
      return left === '' ? true : undefined;
    });
  }

  it('types of openapi-typescript, used with openapi-fetch', async () => {
    const types = await openapiTS(new URL(`file://${document}`), { defaultNonNullable: false });
    await writeFile(path.join(directory, 'torpor.ts'), astToString(types));
    await assertLived(await compileAndRun('openapi-fetch.ts'));
  });

  it('functions of @hey-api/openapi-ts', async () => {
    await createClient({
      input: document,
      output: path.join(directory, 'torpor'),
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent' },
    });
    await assertLived(await compileAndRun('hey-api.ts'));
  });

  it('a wrong field does not compile', async () => {
    const text = await readFile(path.join(root, 'examples/clients/openapi-fetch.ts'), 'utf8');
    await writeFile(path.join(directory, 'wrong.ts'), text.replace("guest: '128Mi'", "gues: '128Mi'"));
    const compiled = run(
      process.execPath,
      [path.join(root, 'node_modules/typescript/bin/tsc'), ...COMPILER, 'wrong.ts'],
      {
        cwd: directory,
      },
    );
    await assert.rejects(compiled, ({ stdout }: { stdout: string }) => /error TS\d+: .*'gues'/.test(stdout));
  });
});

/** Writes authority and client certificate of the kubeconfig as files; the server's URL. */
async function credentials(directory: string): Promise<string> {
  const config = parse(await readFile(embedded.kubeconfig, 'utf8'));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  for (const [name, inline, file] of [
    ['ca.crt', cluster['certificate-authority-data'], cluster['certificate-authority']],
    ['client.crt', user['client-certificate-data'], user['client-certificate']],
    ['client.key', user['client-key-data'], user['client-key']],
  ]) {
    const bytes = inline === undefined ? await readFile(file) : Buffer.from(inline, 'base64');
    await writeFile(path.join(directory, name), bytes, { mode: 0o600 });
  }
  return cluster.server;
}
