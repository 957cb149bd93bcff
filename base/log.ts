import pino from 'pino';

/**
 * Logging of every Torpor process: one JSON object per line, written synchronously, so that the last line before a
 * crash is there. Messages are constant sentences and what varies stands in keys: `log.info({machine, ms}, 'started')`.
 */
export type Logger = pino.Logger;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

const LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** Keys whose values are never written, wherever they stand in the first four levels of a logged object. */
const SECRET_KEYS = [
  'authorization',
  'Authorization',
  'cookie',
  'password',
  'passwd',
  'token',
  'bearerToken',
  'privateKey',
  'client-key-data',
  'secret',
  'stringData',
  'userData',
  'userDataBase64',
  'networkData',
  'networkDataBase64',
];

const DEPTHS = ['', '*.', '*.*.', '*.*.*.'];

function redactedPaths(): string[] {
  return DEPTHS.flatMap((depth) =>
    SECRET_KEYS.map((key) => {
      if (!key.includes('-')) return `${depth}${key}`;
      return depth === '' ? `["${key}"]` : `${depth.slice(0, -1)}["${key}"]`;
    }),
  );
}

/** Reads the level from TORPOR_LOG_LEVEL; anything unknown is 'info', because logging must never stop a process. */
export function levelFromEnvironment(environment: NodeJS.ProcessEnv = process.env): LogLevel {
  const wanted = environment.TORPOR_LOG_LEVEL ?? 'info';
  return LEVELS.includes(wanted) ? (wanted as LogLevel) : 'info';
}

export interface LogOptions {
  readonly level?: LogLevel;
  /** Where lines go; stdout when absent. */
  readonly destination?: pino.DestinationStream;
}

/** Makes the logger of a process or room; `name` stands in every line. Use `.child({…})` for parts of it. */
export function createLogger(name: string, options: LogOptions = {}): Logger {
  return pino(
    {
      name,
      level: options.level ?? levelFromEnvironment(),
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      redact: { paths: redactedPaths(), censor: '[redacted]' },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
