import type { VolumeContext, VolumeOutcome } from './volume.ts';

/**
 * SSH public keys that spec.accessCredentials propagates through cloud-init (`propagationMethod.noCloud`): every value of
 * each named Secret, one key a line, without blank lines and comments.
 */
export async function publicKeys(
  context: VolumeContext,
): Promise<{ readonly kind: 'keys'; readonly keys: readonly string[] } | Exclude<VolumeOutcome, { kind: 'ready' }>> {
  const keys: string[] = [];
  for (const credential of context.machine.spec.accessCredentials ?? []) {
    const wanted = credential.sshPublicKey;
    if (wanted?.propagationMethod.noCloud === undefined) continue;
    const name = wanted.source.secret.secretName;
    const secret = await context.readSecret(name);
    if (secret === undefined) {
      return {
        kind: 'waiting',
        reason: 'SecretNotFound',
        message: `accessCredentials wait for Secret "${name}": create it in the machine's namespace`,
      };
    }
    for (const value of secret.values()) {
      const lines = value
        .toString('utf8')
        .split('\n')
        .map((line) => line.trim());
      keys.push(...lines.filter((line) => line !== '' && !line.startsWith('#')));
    }
  }
  return { kind: 'keys', keys };
}
