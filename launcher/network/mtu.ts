import { readFile } from 'node:fs/promises';

const ETHERNET = 1500;

/** The MTU of the link that the host's default route leaves by; a guest with a larger one would lose packets there. */
export async function uplinkMtu(routes = '/proc/net/route', links = '/sys/class/net'): Promise<number> {
  const table = await readFile(routes, 'utf8').catch(() => '');
  const defaultRoute = table
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000');
  if (defaultRoute?.[0] === undefined) return ETHERNET;
  const mtu = Number(await readFile(`${links}/${defaultRoute[0]}/mtu`, 'utf8').catch(() => ''));
  return Number.isInteger(mtu) && mtu >= 576 && mtu <= 9216 ? mtu : ETHERNET;
}
