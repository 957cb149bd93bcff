import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { HostFacts } from '../machine/plan/input.ts';

/** What this host's QEMU and firmware packages offer; found once at start. */
export type QemuFacts = Omit<HostFacts, 'accelerator'> & {
  /** Empty variable stores, to be copied for each machine. */
  readonly variables: { readonly plain: string | undefined; readonly secure: string | undefined };
  /** First line of --version. */
  readonly versionText: string;
};

const execute = promisify(execFile);
const OVMF = '/usr/share/OVMF';

/** @throws Error that says what to install. */
export async function findQemu(qemu: string): Promise<QemuFacts> {
  const ask = async (...args: string[]) => {
    try {
      return (await execute(qemu, args, { timeout: 20_000 })).stdout;
    } catch (error) {
      throw new Error(
        `QEMU at ${qemu} cannot be run: ${(error as Error).message.split('\n')[0]}; install the package qemu-system-x86`,
      );
    }
  };
  const [version, machines] = await Promise.all([ask('--version'), ask('-machine', 'help')]);
  const versionText = version.split('\n')[0] ?? '';
  const qemuVersion = /version (\d+\.\d+\.\d+)/.exec(versionText)?.[1];
  if (qemuVersion === undefined)
    throw new Error(`QEMU at ${qemu} does not say its version but ${JSON.stringify(versionText)}`);
  const [efiCode, plain, efiSecureCode, secure] = await Promise.all(
    ['OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd', 'OVMF_CODE_4M.secboot.fd', 'OVMF_VARS_4M.ms.fd'].map((name) =>
      present(`${OVMF}/${name}`),
    ),
  );
  return {
    qemu,
    qemuVersion,
    versionText,
    machineTypes: parseMachineTypes(machines),
    firmware: { efiCode, efiSecureCode },
    variables: { plain, secure },
  };
}

/** From `-machine help`: each name leads to its versioned name, `q35  Standard PC … (alias of pc-q35-7.2)`. */
export function parseMachineTypes(text: string): Map<string, string> {
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (!/^(pc|q35|pc-(i440fx|q35)-\d+\.\d+)$/.test(name)) continue;
    types.set(name, /\(alias of (\S+)\)/.exec(rest)?.[1] ?? name);
  }
  return types;
}

async function present(path: string): Promise<string | undefined> {
  return access(path).then(
    () => path,
    () => undefined,
  );
}
