import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { becomesReady } from '../embedded/becomes-ready.ts';
import { bringUp } from '../embedded/bring-up.ts';
import { type ProgramToRun, stateOf } from '../embedded/detached.ts';
import type { EtcdFiles } from '../embedded/etcd-certificates.ts';
import { portMustBeFree } from '../embedded/port-must-be-free.ts';
import type { ClusterHome } from './home.ts';

/** A process of the cluster and how it is seen from outside that it works. */
export interface Component {
  readonly name: string;
  readonly title: string;
  readonly program: ProgramToRun;
  /** How long an orderly end may take, in milliseconds. */
  readonly graceMs: number;
  /** Absent = 127.0.0.1. */
  readonly host?: string;
  readonly ports: readonly number[];
  readonly health: Health;
}

export type Health =
  /** GET must answer 200; `authority` is the file that its certificate must come from. */
  | {
      readonly kind: 'https';
      readonly host: string;
      readonly port: number;
      readonly path: string;
      readonly authority: string;
    }
  | { readonly kind: 'etcd'; readonly port: number; readonly files: EtcdFiles }
  /** As https, without a certificate and on loopback. */
  | { readonly kind: 'http'; readonly port: number; readonly path: string };

const READY_MS = 90_000;

/** Starts it, or leaves it alone when it runs as wanted, and waits until it answers. Resolves with what was done. */
export async function bringComponentUp(component: Component, home: ClusterHome): Promise<string> {
  const { name, title, host, ports, health } = component;
  if ((await stateOf(home, name)).kind !== 'running') {
    for (const port of ports)
      await portMustBeFree({ port, what: title, flag: '--port-base', ...(host === undefined ? {} : { host }) });
  }
  const outcome = await bringUp(component, home);
  await becomesReady(component, home, () => missing(health), READY_MS);
  return outcome;
}

/** Undefined when it works, else what it says. Rejects when nobody answers. */
export async function missing(health: Health): Promise<string | undefined> {
  const asked = await question(health);
  const { status, text } = await get(asked);
  return status === 200 ? undefined : `${asked.path} answers ${status}: ${text.slice(-500)}`;
}

interface Question {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Absent = plain HTTP. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

async function question(health: Health): Promise<Question> {
  switch (health.kind) {
    case 'https':
      return { host: health.host, port: health.port, path: health.path, ca: await readFile(health.authority) };
    case 'http':
      return { host: '127.0.0.1', port: health.port, path: health.path };
    case 'etcd': {
      const { ca, client } = health.files;
      const tls = { ca: await readFile(ca), cert: await readFile(client.cert), key: await readFile(client.key) };
      return { host: '127.0.0.1', port: health.port, path: '/health', ...tls };
    }
  }
}

function get(options: Question): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { request } = options.ca === undefined ? http : https;
    const sent = request({ ...options, timeout: 2000, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 2 s')));
    sent.on('error', reject);
    sent.end();
  });
}
