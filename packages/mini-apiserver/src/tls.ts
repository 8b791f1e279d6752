import { generate } from 'selfsigned';

export interface Certificates {
  /** PEM of the authority that clients have to trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority made for this run, and a certificate of it for `host`. The authority's key is dropped at once. */
export async function makeCertificates(host: string): Promise<Certificates> {
  const authority = await generate([{ name: 'commonName', value: 'kubecity-ca' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'kubecity-apiserver' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: host === 'localhost' ? '127.0.0.1' : host },
        ],
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}
