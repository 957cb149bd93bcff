import { notFound } from '../edge/fault.ts';
import { sendText } from '../edge/respond.ts';
import type { RequestContext } from '../request/context.ts';

/** One thing that must be well. Resolves when it is, throws with the reason when it is not. */
export interface Check {
  readonly name: string;
  /** Not part of /healthz, which asks for less than /readyz. */
  readonly readyzOnly?: true;
  check(): Promise<void> | void;
}

/** Milliseconds for one check; a store that hangs must not hang the probe. */
const patienceMs = 3_000;

/**
 * /healthz, /livez and /readyz as Kubernetes has them: `ok`; with ?verbose or on failure one line for each check;
 * /readyz/etcd asks for one alone; ?exclude= leaves some out. Reasons are withheld, as anybody may ask; who may ask for a
 * check alone is told, and `onFailure` gets them for the log.
 */
export function healthEndpoint(
  path: string,
  checks: readonly Check[],
  onFailure: (path: string, check: string, reason: string) => void,
): (context: RequestContext) => Promise<void> {
  const title = path.slice(1);
  const run = async ({ name, check }: Check): Promise<string | undefined> => {
    try {
      await withPatience(Promise.resolve().then(check));
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onFailure(path, name, reason);
      return reason;
    }
  };
  return async (context) => {
    const { info, res } = context;
    res.setHeader('X-Content-Type-Options', 'nosniff');
    const single = info.path.slice(path.length + 1);
    if (single !== '') {
      const found = checks.find(({ name }) => name === single);
      if (found === undefined) return notFound(context);
      const reason = await run(found);
      return sendText(
        context,
        reason === undefined ? 200 : 500,
        reason === undefined ? 'ok' : `internal server error: ${reason}\n`,
      );
    }
    const excluded = new Set(info.query.getAll('exclude'));
    const lines = await Promise.all(
      checks.map(async (check) => {
        if (excluded.delete(check.name)) return { ok: true, line: `[+]${check.name} excluded: ok\n` };
        const reason = await run(check);
        return reason === undefined
          ? { ok: true, line: `[+]${check.name} ok\n` }
          : { ok: false, line: `[-]${check.name} failed: reason withheld\n` };
      }),
    );
    const unknown = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    const warning = unknown === '' ? '' : `warn: some health checks cannot be excluded: no matches for ${unknown}\n`;
    const text = lines.map(({ line }) => line).join('') + warning;
    if (!lines.every(({ ok }) => ok)) return sendText(context, 500, `${text}${title} check failed\n`);
    return sendText(context, 200, info.query.has('verbose') ? `${text}${title} check passed\n` : 'ok');
  };
}

async function withPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
