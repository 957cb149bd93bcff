import { askerOf, NAME, type System } from './systems.ts';

/** Creates so many objects in a namespace, 16 at a time; the name of one of them. */
export async function fill(system: System, token: string, namespace: string, count: number): Promise<string> {
  const asker = await askerOf(system, token, namespace);
  const nameOf = (index: number): string => `filled-${system.name}-${index}`;
  let made = 0;
  const work = async (): Promise<void> => {
    while (made < count) {
      const name = nameOf(made);
      made += 1;
      const { status, json } = await asker.ask('POST', '', system.body.replace(NAME, name));
      if (status !== 201) throw new Error(`POST of ${system.name}: ${status} ${JSON.stringify(json)}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  asker.close();
  return nameOf(0);
}
