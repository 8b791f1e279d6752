import { copy, ensureObject, type Json, type JsonObject, type KubeObject, stringAt } from '../object.ts';
import { badRequest, conflict } from '../status.ts';

/** The pod with the node that a `Binding` names: how a scheduler decides, once. @throws ApiError BadRequest, Conflict */
export function withNode(pod: KubeObject, binding: Json | undefined): KubeObject {
  const { name, uid, deletionTimestamp } = pod.metadata;
  const node = stringAt(binding, 'target', 'name');
  if (!node) throw badRequest('Binding expects target.name, the name of a node');
  const subject = { group: '', kind: 'pods/binding', name };
  const meant = stringAt(binding, 'metadata', 'uid');
  if (meant && meant !== uid)
    throw conflict(subject, `Precondition failed: UID in precondition: ${meant}, in pod: ${uid}`);
  if (deletionTimestamp !== undefined)
    throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`);
  const assigned = stringAt(pod, 'spec', 'nodeName');
  if (assigned) throw conflict(subject, `pod ${name} is already assigned to node "${assigned}"`);
  const bound = copy(pod);
  ensureObject(bound, 'spec').nodeName = node;
  return bound;
}

export const bindingAnswer: JsonObject = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
};
