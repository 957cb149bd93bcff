/**
 * What /version says. Clients choose behaviour by major and minor, so these are those of the Kubernetes API that is
 * spoken here; gitVersion carries our own version behind it.
 */
export function versionDocument(version: string): Record<string, string> {
  return {
    major: '1',
    minor: '32',
    gitVersion: `v1.32.0-torpor.${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
