import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import type { Cluster } from '../cluster.ts';
import { type KubeObject, stringAt } from '../object.ts';
import { AUTHENTICATED, accountGroups, accountUser, type Identity } from './identity.ts';

/** Issuer of the tokens, and the audience of those that are for this server. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';

export interface TokenWish {
  readonly account: KubeObject;
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** The token ends with this pod, and names its node. */
  readonly pod?: KubeObject;
}

/** Who a token is of, and for which audiences it was made. */
export interface TokenHolder {
  readonly identity: Identity;
  readonly audiences: readonly string[];
}

/** A token of this issuer that is no good, in the words of kube-apiserver. */
export class TokenError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TokenError';
  }
}

const named = z.object({ name: z.string(), uid: z.string() });
const claims = z.object({
  iss: z.string(),
  aud: z.array(z.string()),
  exp: z.number(),
  nbf: z.number(),
  jti: z.string(),
  'kubernetes.io': z.object({
    namespace: z.string(),
    serviceaccount: named,
    pod: named.optional(),
    node: z.object({ name: z.string(), uid: z.string().optional() }).optional(),
  }),
});
type Claims = z.infer<typeof claims>;

/** Signs and reads the tokens of ServiceAccounts (JWT, ES256). The key lives as long as the server. */
export class ServiceAccountTokens {
  readonly #cluster: Cluster;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #header: string;
  readonly #nameNodes: boolean;

  /** @param nameNodes a token bound to a pod names the pod's node, as from Kubernetes 1.30 on */
  constructor(cluster: Cluster, nameNodes: boolean) {
    this.#cluster = cluster;
    this.#nameNodes = nameNodes;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    const kid = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
    this.#header = encoded({ alg: 'ES256', kid });
  }

  issue({ account, audiences, seconds, pod }: TokenWish): { token: string; expiresAt: number } {
    const { name, namespace = '', uid } = account.metadata;
    const now = Math.floor(this.#cluster.now() / 1000);
    const bound = pod && { pod: { name: pod.metadata.name, uid: pod.metadata.uid }, ...this.#nodeOf(pod) };
    const payload = encoded({
      aud: audiences,
      exp: now + seconds,
      iat: now,
      iss: ISSUER,
      jti: this.#cluster.newUid(),
      'kubernetes.io': { namespace, ...bound, serviceaccount: { name, uid } },
      nbf: now,
      sub: accountUser(namespace, name),
    });
    const signed = `${this.#header}.${payload}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    return { token: `${signed}.${signature.toString('base64url')}`, expiresAt: (now + seconds) * 1000 };
  }

  /**
   * Who comes with `token`; undefined when it is not of this issuer.
   * @throws TokenError for one that is ours and no longer good
   */
  read(token: string): TokenHolder | undefined {
    const found = this.#verified(token);
    if (found === undefined) return undefined;
    const now = this.#cluster.now() / 1000;
    if (now >= found.exp) throw new TokenError('service account token has expired');
    if (now < found.nbf) throw new TokenError('service account token is not valid yet');
    const { namespace, serviceaccount, pod, node } = found['kubernetes.io'];
    this.#checkAccount(namespace, serviceaccount);
    if (pod !== undefined) this.#checkPod(namespace, pod);
    const extra = {
      'authentication.kubernetes.io/credential-id': [`JTI=${found.jti}`],
      ...(pod && {
        'authentication.kubernetes.io/pod-name': [pod.name],
        'authentication.kubernetes.io/pod-uid': [pod.uid],
      }),
      ...(node && { 'authentication.kubernetes.io/node-name': [node.name] }),
      ...(node?.uid && { 'authentication.kubernetes.io/node-uid': [node.uid] }),
    };
    const groups = [...accountGroups(namespace), AUTHENTICATED];
    const name = accountUser(namespace, serviceaccount.name);
    return { identity: { name, uid: serviceaccount.uid, groups, extra }, audiences: found.aud };
  }

  #nodeOf(pod: KubeObject): { node?: { name: string; uid?: string } } {
    const name = stringAt(pod, 'spec', 'nodeName');
    if (!this.#nameNodes || !name) return {};
    const uid = this.#cluster.store.get('/nodes', undefined, name)?.metadata.uid;
    return { node: { name, ...(uid !== undefined && { uid }) } };
  }

  #verified(token: string): Claims | undefined {
    const [header, payload, signature, ...more] = token.split('.');
    // One key and one algorithm: whatever another header asks for is not ours.
    if (header !== this.#header || payload === undefined || signature === undefined || more.length > 0)
      return undefined;
    const key = { key: this.#publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return undefined;
    return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  }

  #checkAccount(namespace: string, { name, uid }: { name: string; uid: string }): void {
    const account = this.#cluster.store.get('/serviceaccounts', namespace, name);
    if (account === undefined) throw new TokenError(`serviceaccounts "${name}" not found`);
    if (account.metadata.uid === uid) return;
    throw new TokenError(`service account UID (${account.metadata.uid}) does not match claim (${uid})`);
  }

  #checkPod(namespace: string, { name, uid }: { name: string; uid: string }): void {
    const pod = this.#cluster.store.get('/pods', namespace, name);
    if (pod === undefined) throw new TokenError('service account token has been invalidated');
    if (pod.metadata.uid === uid) return;
    throw new TokenError(`pod UID (${pod.metadata.uid}) does not match service account pod ref claim (${uid})`);
  }
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
