import type { ProgramToRun } from './detached.ts';
import type { EtcdFiles } from './etcd-certificates.ts';

export interface EtcdToRun {
  /** Of its record and log. */
  readonly name: string;
  /** Its name among etcds; it stays with the data. */
  readonly member: string;
  readonly directory: string;
  /** On loopback. */
  readonly ports: { readonly etcd: number; readonly etcdPeer: number };
  readonly files: EtcdFiles;
}

/** One etcd on loopback that talks only to certificates of its own authority. */
export function etcdProgram({ name, member, directory, ports, files }: EtcdToRun): ProgramToRun {
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const { ca, server } = files;
  return {
    name,
    command: 'etcd',
    args: [
      `--name=${member}`,
      `--data-dir=${directory}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${member}=${peer}`,
      ...['', 'peer-'].flatMap((side) => [
        `--${side}cert-file=${server.cert}`,
        `--${side}key-file=${server.key}`,
        `--${side}trusted-ca-file=${ca}`,
        `--${side}client-cert-auth`,
      ]),
      '--enable-grpc-gateway=false',
      // The API server compacts by itself and trusts progress notifications for the freshness of its cache.
      '--experimental-watch-progress-notify-interval=5s',
      // The API server's keep-alive pings come every few seconds; the default takes them for an attack.
      '--grpc-keepalive-min-time=1s',
      '--snapshot-count=10000',
      '--quota-backend-bytes=2147483648',
      '--logger=zap',
      '--log-level=warn',
    ],
    files: [],
  };
}
