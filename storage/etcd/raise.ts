import type { EtcdCalls } from './calls.ts';
import type { Layout } from './layout.ts';

/**
 * Moves the store's revision above one that clients of a time that is gone may know, then forgets all history: whatever
 * they ask to go on from is older than what is kept, so they begin anew instead of missing what happened in between.
 *
 * One write for each revision, many at a time: some thousand revisions a second. Resolves with the newest revision.
 */
export async function raiseRevision(calls: EtcdCalls, layout: Layout, above: bigint): Promise<bigint> {
  const put = () =>
    calls.read('raise', '', (deadline) =>
      calls.client.kv.put({ key: layout.raiseKey, value: Buffer.alloc(0) }, { deadline }),
    );
  await put();
  while (calls.newestSeen <= above) {
    const missing = above - calls.newestSeen + 1n;
    await Promise.all(Array.from({ length: Number(missing < AT_ONCE ? missing : AT_ONCE) }, put));
  }
  const revision = calls.newestSeen;
  await calls.read('compact', '', (deadline) => calls.client.kv.compact({ revision: String(revision) }, { deadline }));
  return revision;
}

const AT_ONCE = 256n;
