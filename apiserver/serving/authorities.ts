import type { Logger } from '../../base/log.ts';
import { type CertificatePool, parsePool } from '../access/authentication/certificate-pool.ts';
import { WatchedFiles } from './watched-files.ts';

/** Authorities in PEM files, followed while the process runs. */
export function followAuthorities(paths: readonly string[], logger: Logger): Promise<WatchedFiles<CertificatePool>> {
  const parse = (texts: readonly string[]): CertificatePool => {
    texts.forEach((text, index) => {
      parsePool(text, paths[index] ?? '');
    });
    return parsePool(texts.join('\n'), paths.join(', '));
  };
  return WatchedFiles.open(paths, parse, logger);
}
