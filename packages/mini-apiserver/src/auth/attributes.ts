import { type ApiError, forbidden } from '../status.ts';
import type { Identity } from './identity.ts';

/** What somebody wants to do to a resource. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What somebody wants of a path that is no resource (`/apis`, `/version`); the verb is the HTTP method in lower case. */
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export const isPath = (attributes: Attributes): attributes is PathAttributes => 'path' in attributes;

/** `pods/status` for a subresource: how rules and refusals name it. */
export const resourceName = ({ resource, subresource }: ResourceAttributes): string =>
  subresource ? `${resource}/${subresource}` : resource;

/** The refusal in the words of kube-apiserver; `reason` is what the authorizer has to say besides. */
export function refusal(identity: Identity, attributes: Attributes, reason = ''): ApiError {
  const because = reason === '' ? '' : `: ${reason}`;
  if (isPath(attributes)) {
    const why = `User "${identity.name}" cannot ${attributes.verb} path "${attributes.path}"`;
    return forbidden({ group: '', kind: '' }, why + because);
  }
  const { verb, group, resource, namespace, name } = attributes;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `resource "${resourceName(attributes)}" in API group "${group}"`;
  return forbidden(
    { group, kind: resource, name },
    `User "${identity.name}" cannot ${verb} ${what} ${where}${because}`,
  );
}
