import type { Attributes } from '../auth/attributes.ts';
import { API_AUDIENCES, type Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { type Identity, userInfo } from '../auth/identity.ts';
import type { PolicyRule } from '../auth/policy-rule.ts';
import { TokenError } from '../auth/service-account-tokens.ts';
import { type FieldError, invalidValue } from '../field-error.ts';
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from '../object.ts';
import { badRequest, invalid } from '../status.ts';

interface ReviewResource {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

/** Questions that are answered and not stored. */
export const REVIEWS: readonly ReviewResource[] = [
  { group: AUTHENTICATION, plural: 'tokenreviews', kind: 'TokenReview' },
  { group: AUTHENTICATION, plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  { group: AUTHORIZATION, plural: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
  { group: AUTHORIZATION, plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
  { group: AUTHORIZATION, plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' },
];

export const findReview = (group: string, version: string, plural: string): ReviewResource | undefined =>
  version === 'v1' ? REVIEWS.find((one) => one.group === group && one.plural === plural) : undefined;

/** What answers are given from. */
export interface ReviewSources {
  readonly asking: Identity;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** The review with its status filled in. @throws ApiError BadRequest, Invalid */
export function answerReview(review: ReviewResource, body: Json | undefined, sources: ReviewSources): JsonObject {
  if (!isObject(body)) throw badRequest(`${review.kind} expects a JSON object`);
  const spec = objectAt(body, 'spec');
  return {
    kind: review.kind,
    apiVersion: `${review.group}/v1`,
    metadata: { creationTimestamp: null },
    ...(Object.keys(spec).length > 0 ? { spec } : {}),
    status: statusOf(review, spec, sources),
  };
}

function statusOf(review: ReviewResource, spec: JsonObject, { asking, authenticator, authorizer }: ReviewSources) {
  switch (review.kind) {
    case 'TokenReview':
      return tokenStatus(spec, authenticator);
    case 'SelfSubjectReview':
      return { userInfo: userInfo(asking) };
    case 'SelfSubjectRulesReview':
      return rulesStatus(spec, asking, authorizer);
    case 'SelfSubjectAccessReview':
      return accessStatus(asking, attributesOf(review, spec, []), authorizer);
    default: {
      const subject = subjectOf(spec);
      return accessStatus(subject, attributesOf(review, spec, checkSubject(subject)), authorizer);
    }
  }
}

function tokenStatus(spec: JsonObject, authenticator: Authenticator): JsonObject {
  const asked = listAt(spec, 'audiences').map(String);
  try {
    const found = authenticator.holder(stringAt(spec, 'token') ?? '', asked.length > 0 ? asked : API_AUDIENCES);
    if (found === undefined) return { authenticated: false, error: 'invalid bearer token' };
    return { authenticated: true, user: userInfo(found.identity), audiences: [...found.audiences] };
  } catch (error) {
    if (error instanceof TokenError) return { authenticated: false, error: error.message };
    throw error;
  }
}

function accessStatus(identity: Identity, attributes: Attributes, authorizer: Authorizer): JsonObject {
  const { allowed, reason } = authorizer.decide(identity, attributes);
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function rulesStatus(spec: JsonObject, asking: Identity, authorizer: Authorizer): JsonObject {
  const namespace = stringAt(spec, 'namespace') ?? '';
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, errors } = authorizer.rulesFor(asking, namespace);
  return {
    resourceRules: rules.filter(({ resources }) => resources.length > 0).map(resourceRule),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs: [...verbs], nonResourceURLs: [...nonResourceURLs] })),
    incomplete: errors !== '',
    ...(errors === '' ? {} : { evaluationError: errors }),
  };
}

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule): JsonObject => ({
  verbs: [...verbs],
  apiGroups: [...apiGroups],
  resources: [...resources],
  ...(resourceNames.length === 0 ? {} : { resourceNames: [...resourceNames] }),
});

function subjectOf(spec: JsonObject): Identity {
  const extra = Object.entries(objectAt(spec, 'extra')).map(([key, values]) => [key, listAt({ values }, 'values')]);
  return {
    name: stringAt(spec, 'user') ?? '',
    uid: stringAt(spec, 'uid'),
    groups: listAt(spec, 'groups').map(String),
    extra: Object.fromEntries(extra),
  };
}

const checkSubject = ({ name, groups }: Identity): FieldError[] =>
  name === '' && groups.length === 0
    ? [invalidValue('spec.user', '', 'at least one of user or group must be specified')]
    : [];

/** What the review asks about. @throws ApiError Invalid */
function attributesOf({ group, kind }: ReviewResource, spec: JsonObject, faults: readonly FieldError[]): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const errors = [...faults];
  if (isObject(resource) && isObject(path)) {
    const detail = 'cannot be specified in combination with resourceAttributes';
    errors.push(invalidValue('spec.nonResourceAttributes', path, detail));
  }
  if (!isObject(resource) && !isObject(path)) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalidValue('spec.resourceAttributes', null, detail));
  }
  if (errors.length > 0) throw invalid({ group, kind }, errors);
  const textAt = (from: Json | undefined, field: string) => stringAt(from, field) ?? '';
  if (!isObject(resource)) return { verb: textAt(path, 'verb'), path: textAt(path, 'path') };
  return {
    verb: textAt(resource, 'verb'),
    group: textAt(resource, 'group'),
    resource: textAt(resource, 'resource'),
    subresource: textAt(resource, 'subresource') || undefined,
    namespace: textAt(resource, 'namespace') || undefined,
    name: textAt(resource, 'name') || undefined,
  };
}
