import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { sleep } from '../base/backoff.ts';

/** The plugin as a person has it: a process under a pseudo-terminal, a kubeconfig, a server over HTTP. */
const main = fileURLToPath(new URL('main.ts', import.meta.url));

describe('kubectl vm console under a terminal', () => {
  let directory: string;
  let server: Server;
  const asked: string[] = [];
  const typed: string[] = [];

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torpor-cli-'));
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
    server = createServer((_request, response) => response.writeHead(404).end());
    server.on('upgrade', (request, socket, head) => {
      asked.push(request.url ?? '');
      if (!request.url?.includes('/web/')) {
        const status = {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          reason: 'NotFound',
          code: 404,
          message: 'gone',
        };
        const body = JSON.stringify(status);
        socket.end(
          `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (data: Buffer) => {
          // The first message is the size of the window; the guest draws its prompt then.
          if (data[0] === 4) client.send(Buffer.from('\x01web login: '));
          if (data[0] === 0) typed.push(data.subarray(1).toString());
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = {
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      'current-context': 'x',
    };
    await writeFile(path.join(directory, 'config'), JSON.stringify(kubeconfig));
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  /** Runs the plugin and then stty in one terminal, so that what the plugin left behind is seen. */
  function open(name: string) {
    const plugin = `${process.execPath} --import tsx ${main} console ${name} --kubeconfig ${path.join(directory, 'config')}`;
    const child = spawn(
      'script',
      ['--quiet', '--command', `stty cols 100 rows 30; ${plugin}; echo status=$?; stty -a`, '/dev/null'],
      {
        cwd: path.dirname(main),
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return {
      type: (text: string) => void child.stdin.write(text),
      ended,
      screen: () => screen,
      kill: () => child.kill('SIGKILL'),
      async sees(pattern: RegExp) {
        for (let tries = 0; tries < 1000 && !pattern.test(screen); tries += 1) await sleep(20);
        assert.match(screen, pattern);
      },
    };
  }

  it('T1 passes keys raw, leaves at Ctrl-] with status 0, and gives the terminal back as it was', async () => {
    const session = open('web');
    try {
      await session.sees(/web login: /);
      assert.match(session.screen(), /Connected to shop\/web\. Leave with Ctrl-\]/);
      // Ctrl-C belongs to the guest.
      session.type('root\x03');
      while (!typed.join('').includes('\x03')) await sleep(20);
      assert.equal(typed.join(''), 'root\x03');
      // T3: what is still being sent when the person leaves must not keep the plugin.
      session.type('exit\r\x1d');
      await session.sees(/status=0/);
      await session.ended;
      assert.match(session.screen(), / icanon/);
      assert.match(session.screen(), / echo /);
      assert.equal(asked[0], '/apis/torpor.dev/v1alpha1/namespaces/shop/virtualmachines/web/console');
    } finally {
      session.kill();
    }
  });

  it('T1 gives the terminal back also when the server refuses, with its words and status 1', async () => {
    const session = open('other');
    try {
      await session.sees(/Error from server \(NotFound\): gone[\s\S]*status=1[\s\S]* icanon/);
      await session.ended;
    } finally {
      session.kill();
    }
  });
});
