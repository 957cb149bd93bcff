import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDocuments } from './generator/documents.ts';
import { documentsJson } from './generator/documents-json.ts';
import { types } from './generator/types.ts';
import { validators } from './generator/validators.ts';

/**
 * openapi/documents → openapi/generated. The output depends on the documents alone, so a second run changes nothing and
 * `--check` can compare: it generates beside the tree and fails, with the difference, when a checked-in file is stale.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const source = path.join(root, 'openapi/documents');
const target = path.join(root, 'openapi/generated');

async function generate(): Promise<Map<string, string>> {
  const documents = await readDocuments(source);
  const compiled = validators(documents);
  return new Map([
    ['documents.json', documentsJson(documents)],
    ['types.ts', await types(documents)],
    ['validators.js', compiled.code],
    ['validators.d.ts', compiled.declarations],
  ]);
}

async function write(directory: string, files: Map<string, string>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of files) await writeFile(path.join(directory, name), text);
}

async function check(files: Map<string, string>): Promise<boolean> {
  const stale: string[] = [];
  for (const [name, text] of files) {
    const present = await readFile(path.join(target, name), 'utf8').catch(() => undefined);
    if (present !== text) stale.push(name);
  }
  for (const name of await readdir(target).catch(() => [])) if (!files.has(name)) stale.push(name);
  if (stale.length === 0) return true;
  console.error(`openapi/generated is stale: ${stale.join(', ')}. Run ./hack/generate and commit the result.`);
  const fresh = await mkdtemp(path.join(tmpdir(), 'torpor-generate-'));
  try {
    await write(fresh, files);
    execFileSync('diff', ['-ru', target, fresh], { stdio: ['ignore', process.stderr, process.stderr] });
  } catch {
    // diff answers 1 when there is a difference, which is why we are here.
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return false;
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((argument) => argument !== '--check');
  if (unknown.length > 0) {
    console.error(`hack/generate: unknown argument ${unknown[0]}; usage: hack/generate [--check]`);
    return 2;
  }
  const files = await generate();
  if (args.includes('--check')) return (await check(files)) ? 0 : 1;
  await write(target, files);
  return 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`hack/generate: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
