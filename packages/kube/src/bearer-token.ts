import { readFile } from 'node:fs/promises';
import { KubeError } from './error.ts';
import { askIdentity, type ConnectOptions } from './identity.ts';

/**
 * The bearer token that an API server would be shown, for somebody else who takes it; undefined of an identity that has none
 * (a client certificate, a Unix socket). Rejects like a request, and as `invalid` where it would be another's.
 */
export async function bearerToken(options: ConnectOptions): Promise<string | undefined> {
  if (options.socketPath !== undefined) return undefined;
  const { headers, tokenFile } = await askIdentity(options, AbortSignal.timeout(60_000));
  if (Object.keys(headers).some((name) => name.toLowerCase().startsWith('impersonate-'))) {
    throw new KubeError(
      'invalid',
      'show a token',
      'the kubeconfig impersonates somebody (its field as), which a token does not',
    );
  }
  if (tokenFile !== undefined) return (await readFile(tokenFile, 'utf8')).trim() || undefined;
  return /^Bearer +(\S+)$/i.exec(headers.Authorization ?? '')?.[1];
}
