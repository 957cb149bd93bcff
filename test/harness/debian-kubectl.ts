import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/**
 * Debian's own kubectl (package kubernetes-client; 1.20 in Debian 12), the oldest that must work. When the package is
 * not installed it is unpacked into a cache directory, so that it does not stand in the way of a newer one.
 *
 * TORPOR_TEST_CACHE is another directory for it than /var/cache/torpor-test.
 *
 * @returns path of the program.
 */
export async function debianKubectl(): Promise<string> {
  if (await installed()) return '/usr/bin/kubectl';
  const cache = process.env.TORPOR_TEST_CACHE ?? '/var/cache/torpor-test';
  const unpacked = join(cache, PACKAGE);
  const program = join(unpacked, 'usr/bin/kubectl');
  if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'unpack-'));
  try {
    await runFile('apt-get', ['download', '-q', PACKAGE], { cwd: work });
    // The name has the version in it; apt-get download leaves nothing else here.
    await runFile('sh', ['-c', `exec dpkg-deb -x ./${PACKAGE}_*.deb unpacked`], { cwd: work });
    // Renamed whole, so that another suite never sees half of it; when that one was faster, its directory stays.
    await rename(join(work, 'unpacked'), unpacked).catch(async (error: unknown) => {
      if (!(await exists(program))) throw error;
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`Debian's ${PACKAGE} cannot be fetched (are the package lists read? apt-get update): ${said}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

const PACKAGE = 'kubernetes-client';

function installed(): Promise<boolean> {
  return runFile('dpkg-query', ['--status', PACKAGE]).then(
    ({ stdout }) => /^Status: install ok installed$/m.test(stdout),
    () => false,
  );
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
