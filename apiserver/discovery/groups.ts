import type { ResourceDefinition } from '../registry/resource.ts';

export interface ServedVersion {
  readonly version: string;
  readonly definitions: readonly ResourceDefinition[];
}

/** A group with its versions, the preferred one first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

/** Groups and resources by name, versions by Kubernetes' order of maturity. The core group is ''. */
export function groupsOf(definitions: readonly ResourceDefinition[]): readonly ServedGroup[] {
  const names = [...new Set(definitions.map(({ group }) => group))].sort();
  return names.map((name) => {
    const members = definitions.filter(({ group }) => group === name);
    const versions = [...new Set(members.map(({ version }) => version))].sort(compareVersions);
    return {
      name,
      versions: versions.map((version) => ({
        version,
        definitions: members
          .filter((definition) => definition.version === version)
          .toSorted((a, b) => (a.plural < b.plural ? -1 : 1)),
      })),
    };
  });
}

const maturity = ['alpha', 'beta', undefined];

/** v2 before v1 before v1beta1 before v1alpha1; what is no such version comes last, by name. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)];
  if (x === undefined || y === undefined) return x === y ? (a < b ? -1 : 1) : x === undefined ? 1 : -1;
  return y.stage - x.stage || y.major - x.major || y.minor - x.minor;
}

function parse(version: string) {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return undefined;
  return { major: Number(match[1]), stage: maturity.indexOf(match[2]), minor: Number(match[3] ?? 0) };
}
