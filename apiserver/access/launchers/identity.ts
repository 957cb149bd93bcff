import type { UserInfo } from '../../request/info.ts';

export const launchersGroup = 'torpor:launchers';
const prefix = 'torpor:launcher:';

/** The node that a launcher's identity speaks for; undefined when the user is no launcher. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.groups.includes(launchersGroup) || !user.name.startsWith(prefix)) return undefined;
  const node = user.name.slice(prefix.length);
  return node === '' ? undefined : node;
}
