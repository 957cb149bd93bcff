import { askerOf, type System } from './systems.ts';

/** Creates so many objects in a namespace, 16 at a time; the name of one of them. */
export async function fill(system: System, token: string, namespace: string, count: number): Promise<string> {
  const asker = await askerOf(system, token, namespace);
  let left = count;
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
  asker.close();
  return name;
}
