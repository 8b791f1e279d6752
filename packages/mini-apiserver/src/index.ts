export type { Access, User } from './http/identity.ts';
export type { KubeObject } from './object.ts';
export { type MiniApiServer, type MiniApiServerOptions, startMiniApiServer } from './server.ts';
