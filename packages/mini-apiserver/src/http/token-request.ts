import { z } from 'zod';
import { API_AUDIENCES } from '../auth/authenticator.ts';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { type FieldError, invalidValue } from '../field-error.ts';
import { type Json, type JsonObject, type KubeObject, stringAt } from '../object.ts';
import { badRequest, conflict, invalid, notFound } from '../status.ts';
import type { Store } from '../store.ts';
import { timestamp } from '../timestamp.ts';

const GROUP = 'authentication.k8s.io';
const AN_HOUR = 3600;
const SHORTEST = 600;
const LONGEST = 2 ** 32;

const wish = z.object({
  spec: z
    .object({
      audiences: z.array(z.string().max(1024)).max(100).nullish(),
      expirationSeconds: z.int().nullish(),
      boundObjectRef: z
        .object({ kind: z.string().nullish(), name: z.string().nullish(), uid: z.string().nullish() })
        .nullish(),
    })
    .nullish(),
});
type Bound = NonNullable<NonNullable<z.infer<typeof wish>['spec']>['boundObjectRef']>;

/**
 * What `kubectl create token` asks for: the TokenRequest with a token in its status.
 * @throws ApiError BadRequest, Invalid, NotFound or Conflict (the pod that the token is bound to)
 */
export function answerTokenRequest(
  tokens: ServiceAccountTokens,
  store: Store,
  account: KubeObject,
  body: Json | undefined,
): JsonObject {
  const parsed = wish.safeParse(body ?? {});
  if (!parsed.success) throw badRequest(`TokenRequest cannot be read: ${z.prettifyError(parsed.error)}`, parsed.error);
  const { audiences, expirationSeconds, boundObjectRef } = parsed.data.spec ?? {};
  const seconds = expirationSeconds ?? AN_HOUR;
  const errors = checkSeconds(seconds);
  if (errors.length > 0) throw invalid({ group: GROUP, kind: 'TokenRequest' }, errors);
  const meant = audiences?.length ? audiences : [...API_AUDIENCES];
  const pod = boundObjectRef ? boundPod(store, account, boundObjectRef) : undefined;
  const { token, expiresAt } = tokens.issue({ account, audiences: meant, seconds, pod });
  const { name, namespace } = account.metadata;
  return {
    kind: 'TokenRequest',
    apiVersion: `${GROUP}/v1`,
    metadata: { name, namespace },
    spec: { audiences: meant, expirationSeconds: seconds, ...(boundObjectRef ? { boundObjectRef } : {}) },
    status: { token, expirationTimestamp: timestamp(expiresAt) },
  };
}

function checkSeconds(seconds: number): FieldError[] {
  const fault = (detail: string) => [invalidValue('spec.expirationSeconds', seconds, detail)];
  if (seconds < SHORTEST) return fault('may not specify a duration less than 10 minutes');
  return seconds > LONGEST ? fault('may not specify a duration larger than 2^32 seconds') : [];
}

function boundPod(store: Store, account: KubeObject, { kind, name, uid }: Bound): KubeObject {
  if (kind !== 'Pod') throw badRequest(`cannot bind token to object of type ${kind ?? ''}: this server binds to pods`);
  const subject = { group: '', kind: 'pods', name: name ?? '' };
  const pod = store.get('/pods', account.metadata.namespace, subject.name);
  if (pod === undefined) throw notFound(subject);
  if (uid && uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(subject, why);
  }
  if ((stringAt(pod, 'spec', 'serviceAccountName') ?? 'default') === account.metadata.name) return pod;
  const { name: wanted } = account.metadata;
  throw badRequest(
    `cannot bind token for serviceaccount "${wanted}" to pod running with different serviceaccount name.`,
  );
}
