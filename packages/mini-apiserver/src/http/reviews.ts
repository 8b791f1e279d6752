import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from '../object.ts';
import { badRequest } from '../status.ts';
import { type Attributes, type Identity, mayDo, type Users } from './identity.ts';

interface ReviewResource {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** Questions that are answered and not stored. */
export const REVIEWS: readonly ReviewResource[] = [
  { group: 'authentication.k8s.io', plural: 'tokenreviews', kind: 'TokenReview' },
  { group: 'authentication.k8s.io', plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  { group: 'authorization.k8s.io', plural: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
  { group: 'authorization.k8s.io', plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
];

export const findReview = (group: string, version: string, plural: string): ReviewResource | undefined =>
  version === 'v1' ? REVIEWS.find((one) => one.group === group && one.plural === plural) : undefined;

/** The review with its status filled in. @throws ApiError BadRequest */
export function answerReview(
  review: ReviewResource,
  body: Json | undefined,
  asking: Identity,
  users: Users,
): JsonObject {
  if (!isObject(body)) throw badRequest(`${review.kind} expects a JSON object`);
  const spec = objectAt(body, 'spec');
  const answer = (status: JsonObject): JsonObject => ({
    kind: review.kind,
    apiVersion: `${review.group}/v1`,
    metadata: { creationTimestamp: null },
    ...(Object.keys(spec).length > 0 ? { spec } : {}),
    status,
  });
  switch (review.kind) {
    case 'TokenReview':
      return answer(tokenStatus(stringAt(spec, 'token') ?? '', users));
    case 'SelfSubjectReview':
      return answer({ userInfo: userInfo(asking) });
    case 'SelfSubjectAccessReview':
      return answer(accessStatus(asking, spec));
    default:
      return answer(accessStatus(users.byName(stringAt(spec, 'user') ?? '', listAt(spec, 'groups').map(String)), spec));
  }
}

function tokenStatus(token: string, users: Users): JsonObject {
  const user = users.byToken(token);
  if (user === undefined) return { authenticated: false, error: 'invalid bearer token' };
  return { authenticated: true, user: userInfo(user), audiences: ['https://kubernetes.default.svc'] };
}

const userInfo = ({ name, groups }: Identity): JsonObject => ({ username: name, uid: name, groups: [...groups] });

function accessStatus(identity: Identity, spec: JsonObject): JsonObject {
  const resource = objectAt(spec, 'resourceAttributes');
  const path = objectAt(spec, 'nonResourceAttributes');
  const { resourceAttributes, nonResourceAttributes } = spec;
  if ((resourceAttributes === undefined) === (nonResourceAttributes === undefined)) {
    throw badRequest('exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be given');
  }
  const attributes: Attributes = {
    verb: stringAt(resource, 'verb') ?? stringAt(path, 'verb') ?? '',
    group: stringAt(resource, 'group') ?? '',
    resource: stringAt(resource, 'resource') ?? '',
    namespace: stringAt(resource, 'namespace') || undefined,
  };
  const allowed = mayDo(identity, attributes);
  return { allowed, ...(allowed ? { reason: `${identity.access ?? 'self review'} access` } : {}) };
}
