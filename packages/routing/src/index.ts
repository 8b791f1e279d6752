export * from './address.ts';
export { buildRoutingTable, type RoutingInput } from './build.ts';
export { isDeepEqual } from './equal.ts';
export * from './objects.ts';
export * from './override.ts';
export type { Problem } from './problem.ts';
export { PROXY_NAME_LABEL, servicePortKey } from './service.ts';
export * from './table.ts';
export { type RoutingChange, RoutingTracker } from './tracker.ts';
