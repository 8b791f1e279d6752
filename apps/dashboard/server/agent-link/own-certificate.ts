import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM; the key is nowhere else than in this process. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
  /** Unix ms from which on a new one should take its place. */
  readonly renewAt: number;
  /** Unix ms */
  readonly until: number;
}

const HOUR = 3_600_000;
/** Milliseconds. Nodes' clocks may be behind; a renewal may fail for days while the API is away. */
const LIFE = { backdated: HOUR, renew: 48 * HOUR, end: 7 * 24 * HOUR };
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A key, and a certificate that it signs itself: good for servers of these names and for nothing else, so that whoever
 * trusts it trusts no other.
 * @param names DNS names and addresses under which agents come
 * @param now Unix ms
 */
export async function makeCertificate(names: readonly string[], now: number): Promise<OwnCertificate> {
  cryptoProvider.set(webcrypto as Crypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const [renewAt, until] = [now + LIFE.renew, now + LIFE.end];
  const altNames: JsonGeneralNames = names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // a name of its own each: certificates of several dashboards are told apart by it
    name: `CN=kubecity-dashboard ${randomBytes(8).toString('hex')}`,
    notBefore: new Date(now - LIFE.backdated),
    notAfter: new Date(until),
    signingAlgorithm: ALGORITHM,
    keys: keys as CryptoKeyPair,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(altNames),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY'), renewAt, until };
}
