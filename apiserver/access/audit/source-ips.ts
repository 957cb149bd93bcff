import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Where a request came from: what proxies say (X-Forwarded-For, then X-Real-Ip), and last the peer of the connection,
 * which alone is certain.
 */
export function sourceIPs(req: IncomingMessage): string[] {
  const forwarded = [req.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const real = [req.headers['x-real-ip'] ?? []].flat().slice(0, 1);
  const found = forwarded.map((text) => text.trim()).filter((text) => isIP(text) !== 0);
  for (const text of real) if (isIP(text) !== 0 && !found.includes(text)) found.push(text);
  const peer = req.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
  if (peer !== undefined && found.at(-1) !== peer) found.push(peer);
  return found;
}
