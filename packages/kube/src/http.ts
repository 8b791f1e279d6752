/**
 * `node:http` by the side door: an `import` of it reads every export, among them the lazy ones of WebSocket, which load
 * the undici inside Node: 7 MiB that requests have no use for.
 */
export const { Agent, request } = process.getBuiltinModule('node:http');
