import { Agent, request } from 'node:https';

/** A plain client that costs as little as possible: what is measured is the server. */
export interface Asker {
  /** `path` is put behind the base. The body is read to its end; `json` is parsed when somebody looks. */
  ask(method: string, path: string, body?: object | string, mediaType?: string): Promise<Answer>;
  close(): void;
}

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly json: unknown;
}

export interface Credentials {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly token?: string;
}

/** `keep: false` reads bodies without keeping them. */
export function askAs(base: string, credentials: Credentials, keep = true, connections = 16): Asker {
  const { ca, cert, key, token } = credentials;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    ca,
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    ask: (method, path, body, mediaType = 'application/json') =>
      new Promise((resolve, reject) => {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const began = performance.now();
        const asked = request(`${base}${path}`, {
          method,
          agent,
          headers: {
            ...authorization,
            'user-agent': 'bench',
            ...(text === undefined ? {} : { 'content-type': mediaType }),
          },
        });
        asked.on('error', reject);
        asked.on('response', (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (keep) chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const milliseconds = performance.now() - began;
            const status = response.statusCode ?? 0;
            resolve({
              status,
              bytes,
              milliseconds,
              get json() {
                return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
              },
            });
          });
        });
        asked.end(text);
      }),
    close: () => agent.destroy(),
  };
}
