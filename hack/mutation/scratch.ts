import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mutated } from './apply.ts';
import type { Mutation } from './mutation.ts';

/** A copy of the tree in which sources are changed; the tree itself is never touched. */
export class Scratch {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** What git knows or would take, with the installed packages linked. */
  static async of(root: string): Promise<Scratch> {
    const directory = await mkdtemp(path.join(tmpdir(), 'torpor-mutate-'));
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    for (const file of listed.split('\0').filter((name) => name !== '')) {
      const target = path.join(directory, file);
      await mkdir(path.dirname(target), { recursive: true });
      await copyFile(path.join(root, file), target).catch((error: NodeJS.ErrnoException) => {
        // Deleted and not yet committed.
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
    return new Scratch(directory);
  }

  /** Runs `work` with the mutation in place and takes it back. */
  async with<T>(mutation: Mutation, work: () => Promise<T>): Promise<T> {
    const file = path.join(this.directory, mutation.file);
    const text = await readFile(file, 'utf8');
    await writeFile(file, mutated(mutation, text));
    try {
      return await work();
    } finally {
      await writeFile(file, text);
    }
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
