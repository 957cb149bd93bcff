import { setTimeout as sleep } from 'node:timers/promises';
import { askerOf, type System } from './systems.ts';

/** Creates objects until the collection has `count`; the name of one of them. */
export async function fill(system: System, token: string, count: number): Promise<string> {
  const asker = await askerOf(system, token);
  let left = count - (await countOf(system, token));
  let name = '';
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status, json } = await asker.ask('POST', '', system.body);
      if (status !== 201) throw new Error(`POST of ${system.name}: ${status} ${JSON.stringify(json)}`);
      if (name === '') name = (json as { metadata: { name: string } }).metadata.name;
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  if (name === '') {
    const { json } = await asker.ask('GET', '?limit=1');
    name = (json as { items: { metadata: { name: string } }[] }).items[0]?.metadata.name ?? '';
  }
  asker.close();
  return name;
}

export async function countOf(system: System, token: string): Promise<number> {
  const asker = await askerOf(system, token);
  const { json } = await asker.ask('GET', '?limit=1');
  const list = json as { items: unknown[]; metadata: { remainingItemCount?: number } };
  asker.close();
  return list.items.length + (list.metadata.remainingItemCount ?? 0);
}

/** Deletes all of them and waits until they are gone. A request ends after a minute, done or not, so it is repeated. */
export async function empty(system: System, token: string): Promise<void> {
  const asker = await askerOf(system, token);
  const end = performance.now() + 600_000;
  let left = await countOf(system, token);
  while (left > 0) {
    await asker.ask('DELETE', '', { propagationPolicy: 'Background' });
    await sleep(500);
    left = await countOf(system, token);
    if (left > 0 && performance.now() > end) throw new Error(`${left} objects of ${system.name} cannot be deleted`);
  }
  asker.close();
}
