import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NAME } from './systems.ts';

/** What wrk (a Debian package) saw of one run. */
export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly token: string;
  readonly body?: string;
  readonly seconds: number;
}

export const CLIENTS = 16;

/** One thread with 16 connections, each with one request under way, for some seconds. Throws when any request failed. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-bench-'));
  try {
    const script = join(directory, 'load.lua');
    // A token in a file, as arguments can be read by everybody.
    await writeFile(script, lua(load), { mode: 0o600 });
    const flags = ['--threads=1', `--connections=${CLIENTS}`, `--duration=${load.seconds}s`, '--timeout=30s'];
    const { stdout } = await promisify(execFile)('wrk', [...flags, `--script=${script}`, load.url], {
      timeout: (load.seconds + 60) * 1000,
    });
    return read(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function lua({ method, token, body }: Load): string {
  const headers = [`["Authorization"] = ${quoted(`Bearer ${token}`)}`, '["User-Agent"] = "bench"'];
  if (body !== undefined) headers.push('["Content-Type"] = "application/json"');
  return [
    `wrk.method = "${method}"`,
    `wrk.headers = { ${headers.join(', ')} }`,
    ...(body === undefined ? [] : namedBodies(body)),
    'done = function(summary, latency)',
    '  local e = summary.errors',
    '  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,',
    '    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))',
    'end',
    '',
  ].join('\n');
}

/** Every request creates an object of another name. */
function namedBodies(body: string): string[] {
  const [before = '', after = ''] = body.split(NAME);
  const run = randomBytes(4).toString('hex');
  return [
    `local before, after, count = ${quoted(`${before}loaded-${run}-`)}, ${quoted(after)}, 0`,
    'request = function()',
    '  count = count + 1',
    '  return wrk.format(nil, nil, nil, before .. count .. after)',
    'end',
  ];
}

/** A Lua string of any bytes that our tokens and objects have. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

function read(output: string): LoadResult {
  const found = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(output);
  if (found === null) throw new Error(`wrk told no result:\n${output}`);
  const [requests = 0, microseconds = 0, p50 = 0, p99 = 0, failed = 0] = found.slice(1).map(Number);
  if (failed > 0) throw new Error(`${failed} of ${requests} requests failed:\n${output}`);
  return { perSecond: (requests / microseconds) * 1e6, p50: p50 / 1000, p99: p99 / 1000 };
}
