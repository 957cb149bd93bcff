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
 * openapi/documents → openapi/generated, in two steps. First what follows from the documents alone; then the complete
 * OpenAPI documents that the API server serves, which follow from the first and from the resources. A second run changes
 * nothing, so `--check` can compare: it generates beside the tree and fails, with the difference, when a checked-in file
 * is stale.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const source = path.join(root, 'openapi/documents');
const target = path.join(root, 'openapi/generated');

type Files = ReadonlyMap<string, string>;

async function first(): Promise<Files> {
  const documents = await readDocuments(source);
  const compiled = validators(documents);
  return new Map([
    ['documents.json', documentsJson(documents)],
    ['types.ts', await types(documents)],
    ['validators.js', compiled.code],
    ['validators.d.ts', compiled.declarations],
  ]);
}

/** Loads code that reads the files of the first step, so those must be in their place. */
async function second(): Promise<Files> {
  const { openApiFiles } = await import('./generator/openapi-files.ts');
  return openApiFiles();
}

async function write(directory: string, files: Files): Promise<void> {
  for (const [name, text] of files) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function present(): Promise<readonly string[]> {
  const entries = await readdir(target, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(target, path.join(entry.parentPath, entry.name)));
}

async function generate(): Promise<void> {
  const documents = await first();
  await write(target, documents);
  const openApi = await second();
  await write(target, openApi);
  for (const name of await present()) {
    if (!documents.has(name) && !openApi.has(name)) await rm(path.join(target, name));
  }
}

async function staleAmong(files: Files): Promise<string[]> {
  const stale: string[] = [];
  for (const [name, text] of files) {
    if ((await readFile(path.join(target, name), 'utf8').catch(() => undefined)) !== text) stale.push(name);
  }
  return stale;
}

async function check(): Promise<boolean> {
  const documents = await first();
  const stale = await staleAmong(documents);
  // The second step would fail, or follow from what is stale itself.
  if (stale.length > 0) return tellStale(stale, documents);
  const openApi = await second();
  const all = new Map([...documents, ...openApi]);
  const more = (await present()).filter((name) => !all.has(name));
  const wrong = [...(await staleAmong(openApi)), ...more];
  return wrong.length === 0 || tellStale(wrong, all);
}

/** Always false; standard error has the names and the difference. */
async function tellStale(stale: readonly string[], files: Files): Promise<false> {
  console.error(`openapi/generated is stale: ${stale.join(', ')}. Run ./hack/generate and commit the result.`);
  const fresh = await mkdtemp(path.join(tmpdir(), 'torpor-generate-'));
  try {
    await write(fresh, files);
    for (const name of stale) {
      try {
        execFileSync('diff', ['-Nu', path.join(target, name), path.join(fresh, name)], {
          stdio: ['ignore', process.stderr, process.stderr],
        });
      } catch {
        // diff answers 1 when there is a difference, which is why we are here.
      }
    }
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
  if (args.includes('--check')) return (await check()) ? 0 : 1;
  await generate();
  return 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`hack/generate: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
