import type { Logger } from '../../base/log.ts';
import { type CertificatePool, parsePool } from '../access/authentication/certificate-pool.ts';
import { WatchedFiles } from './watched-files.ts';

/** Authorities in a PEM file, followed while the process runs. */
export function followAuthorities(path: string, logger: Logger): Promise<WatchedFiles<CertificatePool>> {
  return WatchedFiles.open([path], ([text = '']) => parsePool(text, path), logger);
}
