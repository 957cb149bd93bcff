import type { MachineValues } from './live-values.ts';

/** What one line of an agent's live stream says. */
export type LiveMessage =
  | { readonly kind: 'machines'; readonly machines: ReadonlyMap<string, MachineValues | null> }
  | { readonly kind: 'ping'; readonly id: string | number }
  | { readonly kind: 'wrong'; readonly why: string };

const textFields: ReadonlySet<string> = new Set(['stage', 'message', 'since']);
const numberFields: ReadonlySet<string> = new Set(['idleSeconds', 'residentMemory', 'cpuMillicores']);
const longestText = 4096;
const uidPattern = /^[0-9a-zA-Z-]{1,64}$/;

/** Unknown fields are left out, so that a newer agent can talk to an older server; wrong ones are an error. */
export function parseLiveLine(line: string): LiveMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'wrong', why: 'a line is not JSON' };
  }
  if (!isRecord(value)) return { kind: 'wrong', why: 'a line is no JSON object' };
  if ('ping' in value) {
    const { ping } = value;
    if (typeof ping === 'number' || (typeof ping === 'string' && ping.length <= 64)) return { kind: 'ping', id: ping };
    return { kind: 'wrong', why: 'a ping is neither a number nor a short text' };
  }
  if (!isRecord(value.machines)) return { kind: 'wrong', why: 'a line has neither machines nor ping' };
  const machines = new Map<string, MachineValues | null>();
  for (const [uid, entry] of Object.entries(value.machines)) {
    if (!uidPattern.test(uid)) return { kind: 'wrong', why: 'a key of machines is no UID' };
    if (entry !== null && !isRecord(entry)) return { kind: 'wrong', why: `the values of machine ${uid} are no object` };
    machines.set(uid, entry === null ? null : knownFields(entry));
  }
  return { kind: 'machines', machines };
}

function knownFields(entry: Record<string, unknown>): MachineValues {
  const values: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (textFields.has(key) && typeof value === 'string') values[key] = value.slice(0, longestText);
    else if (numberFields.has(key) && Number.isSafeInteger(value)) values[key] = value as number;
  }
  return values;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
