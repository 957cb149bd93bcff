import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { askerOf, type System, WATCHED } from './systems.ts';

export const WATCHERS = 500;
const MARK = 'bench.torpor.dev/round';

/** Milliseconds from sending a patch until the last of 500 watchers has read its event; one for each round. */
export async function measureFanOut(system: System, token: string, name: string, rounds: number): Promise<number[]> {
  const agent = new Agent({ ca: await readFile(system.authority), maxSockets: WATCHERS });
  const asker = await askerOf(system, token, WATCHED);
  let seen = 0;
  let mark = '';
  let all: () => void = () => undefined;
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bench' };
  const watchers: { destroy(): void }[] = [];
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const url = `${system.collection(WATCHED)}?watch=true&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
      const asked = get(url, { agent, headers }, (response) => {
        let rest = '';
        response.setEncoding('latin1');
        response.on('data', (text: string) => {
          rest += text;
          if (!rest.endsWith('\n')) return;
          if (mark !== '' && rest.includes(mark)) {
            seen += 1;
            if (seen === WATCHERS) all();
          }
          rest = '';
        });
        response.on('error', () => undefined);
        resolve();
      });
      asked.on('error', reject);
      watchers.push(asked);
    });
  try {
    for (let at = 0; at < WATCHERS; at += 50) await Promise.all(Array.from({ length: 50 }, open));
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      seen = 0;
      mark = `"${MARK}":"${Date.now()}-${round}"`;
      const last = new Promise<void>((resolve) => {
        all = resolve;
      });
      const began = performance.now();
      const patch = `{"metadata":{"annotations":{${mark}}}}`;
      const { status } = await asker.ask('PATCH', `/${name}`, patch, 'application/merge-patch+json');
      if (status !== 200) throw new Error(`PATCH of ${system.name}: ${status}`);
      await Promise.race([
        last,
        timeout(30_000, () => `${seen} of ${WATCHERS} watchers of ${system.name} saw the event`),
      ]);
      samples.push(performance.now() - began);
    }
    return samples;
  } finally {
    for (const watcher of watchers) watcher.destroy();
    agent.destroy();
    asker.close();
  }
}

function timeout(milliseconds: number, what: () => string): Promise<never> {
  return new Promise((_resolve, reject) => setTimeout(() => reject(new Error(what())), milliseconds).unref());
}
