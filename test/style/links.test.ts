import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { root, type SourceFile, sourceFiles } from './tree.ts';

/** The anchor that a heading gets on the usual forges. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[`*_]/g, '')
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(file: SourceFile): ReadonlySet<string> {
  return new Set([...file.text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf(match[1] ?? '')));
}

const pages = (): readonly SourceFile[] => sourceFiles().filter((file) => file.path.endsWith('.md'));

describe('documentation', () => {
  it('has links that lead somewhere, down to the heading', () => {
    const broken: string[] = [];
    for (const page of pages()) {
      const text = page.text.replace(/```[\s\S]*?```/g, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const resolved = file === '' ? page.path : path.join(path.dirname(page.path), file);
        if (!existsSync(path.join(root, resolved))) broken.push(`${page.path}: ${target}`);
        else if (anchor !== undefined && resolved.endsWith('.md')) {
          const other = sourceFiles().find((candidate) => candidate.path === resolved);
          if (other === undefined || !anchorsOf(other).has(anchor)) broken.push(`${page.path}: ${target}`);
        }
      }
    }
    assert.deepEqual(broken, []);
  });

  it('names files of the tree that exist', () => {
    const rooms =
      /`((?:apiserver|base|cli|deploy|docs|examples|hack|launcher|openapi|reconcilers|storage|test)\/[\w./-]+)`/g;
    const broken: string[] = [];
    for (const page of pages()) {
      for (const [, file = ''] of page.text.matchAll(rooms)) {
        if (!existsSync(path.join(root, file))) broken.push(`${page.path}: ${file}`);
      }
    }
    assert.deepEqual(broken, []);
  });
});
