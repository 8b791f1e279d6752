import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import { withCertificate } from './ca-bundle.ts';

/** Where the certificates are that agents trust: key `ca.crt` of a ConfigMap. */
export interface ConfigMapPlace {
  readonly namespace: string;
  readonly name: string;
}

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

export const BUNDLE_KEY = 'ca.crt';
/** Dashboards that start together write at the same moment. */
const TRIES = 5;

/**
 * Puts `cert` among the certificates that agents trust, unless it is there.
 * @param now Unix ms
 * @throws KubeError when the API is away, or when the ConfigMap is not there or not ours to write
 */
export async function publishCertificate(
  client: Pick<KubeClient, 'get' | 'replace'>,
  place: ConfigMapPlace,
  cert: string,
  now: number,
): Promise<void> {
  for (let left = TRIES; ; left--) {
    const map = await client.get<ConfigMap>(resources.configMaps, place);
    const before = map.data?.[BUNDLE_KEY] ?? '';
    const after = withCertificate(before, cert, now);
    if (sameSet(before, after)) return;
    try {
      await client.replace<ConfigMap>(resources.configMaps, { ...map, data: { ...map.data, [BUNDLE_KEY]: after } });
      return;
    } catch (error) {
      if (left === 1 || !isKubeError(error, 'conflict')) throw error;
    }
  }
}

/** Each dashboard puts its own first: an order alone is no reason to write, or two would never end. */
function sameSet(a: string, b: string): boolean {
  const blocks = (text: string) => text.split(/(?<=-----END CERTIFICATE-----)/).map((block) => block.trim());
  return blocks(a).sort().join() === blocks(b).sort().join();
}
