import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Client } from '../../openapi/client/client.ts';
import { connect } from '../../openapi/client/kubeconfig.ts';
import { resources } from '../../openapi/client/resources.ts';
import { becomesReady } from './becomes-ready.ts';
import { etcdFiles } from './etcd-certificates.ts';
import type { Home } from './home.ts';
import type { Ports, Service } from './services.ts';

/**
 * When each process is ready, seen from outside: its own answer and nothing else. A process that ends or does not get
 * ready is reported with the end of its log, which has the reason.
 */
export interface ReadyContext {
  readonly home: Home;
  readonly ports: Ports;
  readonly nodeName: string;
}

interface Tls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Status of a GET on loopback; rejects when nobody answers. */
function httpStatus(port: number, path: string, tls?: Tls): Promise<number> {
  return new Promise((resolve, reject) => {
    const { get } = tls === undefined ? http : https;
    const request = get({ host: '127.0.0.1', port, path, timeout: 2000, agent: false, ...tls }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.on('error', reject);
  });
}

/** Resolves when somebody accepts connections on a loopback port. */
function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 2000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer within 2 s')));
    socket.once('error', reject);
  });
}

export async function adminClient(home: Home): Promise<Client> {
  return new Client(await connect({ path: home.kubeconfig }), { userAgent: 'torpor-up', deadlineMs: 3000 });
}

/** Undefined when ready, else what is still missing. */
async function missing(service: Service, context: ReadyContext): Promise<string | undefined> {
  const { ports } = context;
  switch (service.name) {
    case 'etcd':
      return expect200(await httpStatus(ports.etcd, '/health', await etcdTls(context.home)), '/health');
    case 'registry':
      return expect200(await httpStatus(ports.registry, '/v2/'), '/v2/');
    case 'reconcilers':
      return expect200(await httpStatus(ports.reconcilers, '/readyz'), '/readyz');
    case 'apiserver': {
      const client = await adminClient(context.home);
      try {
        await client.raw('/readyz');
        return undefined;
      } finally {
        client.close();
      }
    }
    case 'launcher': {
      // The Host may still tell of the launcher that was here before; this one must at least listen.
      await accepts(ports.launcher);
      const client = await adminClient(context.home);
      try {
        const host = await client.get(resources.hosts, { name: context.nodeName });
        const ready = host.status?.conditions?.find((condition) => condition.type === 'Ready');
        if (ready?.status === 'True') return undefined;
        return `host ${context.nodeName} is not Ready: ${ready?.message ?? 'no condition yet'}`;
      } finally {
        client.close();
      }
    }
  }
}

async function etcdTls(home: Home): Promise<Tls> {
  const { ca, client } = etcdFiles(home);
  return { ca: await readFile(ca), cert: await readFile(client.cert), key: await readFile(client.key) };
}

function expect200(status: number, path: string): string | undefined {
  return status === 200 ? undefined : `${path} answers ${status}`;
}

/** Waits until the service is ready. Rejects as soon as its process ends, or after `ms` with what was missing. */
export function waitReady(service: Service, context: ReadyContext, ms: number): Promise<void> {
  return becomesReady(service, context.home, () => missing(service, context), ms);
}
