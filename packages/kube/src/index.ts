export type { ActAs } from './acting.ts';
export { bearerToken } from './bearer-token.ts';
export { type CarriedOut, type CarryOutOptions, carryOut, type PlannedChange, REFUSAL_OF } from './carry-out.ts';
export type { AccessAttributes, KubeClient, ListOptions, ReviewedToken, WatchEvent, WatchOptions } from './client.ts';
export { connect } from './client.ts';
export {
  type Component,
  type ComponentRight,
  componentRights,
  NAMESPACE,
  rightInWords,
  serviceAccountOf,
} from './component-rights.ts';
export { clusterRoutingOverrideCrd, crdStates, ensureCrd, routingOverrideCrd } from './crd.ts';
export type { KubeErrorCode } from './error.ts';
export { isKubeError, KubeError } from './error.ts';
export { type EventNews, EventRecorder, type EventRecorderOptions, type Regarding } from './events.ts';
export type { ConnectOptions } from './identity.ts';
export {
  changeOfEvent,
  isHalfKnown,
  listChanges,
  newChangeId,
  type OverrideChange,
  overrideResource,
  recordChange,
} from './override-change.ts';
export { type OverrideWrite, type WriteOptions, WriteRefusal, writeOverride } from './override-writer.ts';
export type { Place, Resource } from './resource.ts';
export { pathOf, resources } from './resource.ts';
export type { FieldManager, Watched, WatchResourceOptions } from './watch.ts';
export { watchResource } from './watch.ts';
