import { X509Certificate } from 'node:crypto';

/** Others of other dashboards beside ours; those of dashboards that are long gone make room first. */
const MOST = 20;
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates that agents trust, as PEM: ours first, then those of other dashboards that are still good, the youngest
 * first. What is no certificate, or is over, falls out.
 * @param now Unix ms
 */
export function withCertificate(bundle: string, own: string, now: number): string {
  const ours = read(own);
  if (!ours) throw new Error('our own certificate cannot be read');
  const others = (bundle.match(BLOCK) ?? []).flatMap((pem) => read(pem) ?? []);
  const alive = others
    .filter(({ until, print }) => until > now && print !== ours.print)
    .sort((a, b) => b.from - a.from);
  const once = [...new Map(alive.map((one) => [one.print, one])).values()];
  return [ours, ...once.slice(0, MOST - 1)].map(({ pem }) => `${pem.trim()}\n`).join('');
}

interface Read {
  readonly pem: string;
  readonly print: string;
  /** Unix ms. */
  readonly from: number;
  readonly until: number;
}

function read(pem: string): Read | undefined {
  try {
    const { fingerprint256, validFromDate, validToDate } = new X509Certificate(pem);
    return { pem, print: fingerprint256, from: validFromDate.getTime(), until: validToDate.getTime() };
  } catch {
    // somebody wrote into the ConfigMap by hand: what cannot be read trusts nobody
    return undefined;
  }
}
