export type { Access, Grant, User } from './auth/users.ts';
export type { ResourceRequest } from './http/request.ts';
export type { KubeObject } from './object.ts';
export { type MiniApiServer, type MiniApiServerOptions, startMiniApiServer } from './server.ts';
export { ApiError } from './status.ts';
