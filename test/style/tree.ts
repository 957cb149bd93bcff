import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The source tree as the style tests see it: what git knows or would take, without generated files. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

let cached: readonly SourceFile[] | undefined;

/** Every text file of the tree. */
export function sourceFiles(): readonly SourceFile[] {
  cached ??= execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(root, file)))
    .map((file) => ({ path: file, bytes: readFileSync(path.join(root, file)) }))
    .filter(({ bytes }) => !bytes.subarray(0, 8000).includes(0))
    .map((file) => ({ path: file.path, text: file.bytes.toString('utf8') }));
  return cached;
}

export function isGenerated(file: SourceFile): boolean {
  return file.path.startsWith('openapi/generated/') || file.path === 'package-lock.json';
}

export function isCode(file: SourceFile): boolean {
  return /\.(ts|js|cjs|mjs|c|h)$/.test(file.path) && !isGenerated(file);
}

/** Lines as `path:number: text`, for messages that a person can click. */
export function at(file: SourceFile, offset: number): string {
  const before = file.text.slice(0, offset);
  const number = before.split('\n').length;
  return `${file.path}:${number}: ${(file.text.split('\n')[number - 1] ?? '').trim().slice(0, 120)}`;
}
