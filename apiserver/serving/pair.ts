import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyPair } from '../../base/certificates/authority.ts';

/** Both files are replaced one after the other: a pair that does not belong together is not used, and looked at again. */
export function parsePair([certificate = '', key = '']: readonly string[]): KeyPair {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the certificate and the key do not belong together');
  }
  return { certificate, key };
}
