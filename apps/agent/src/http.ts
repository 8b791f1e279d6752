/**
 * `node:http` by the side door: an `import` of it reads every export, among them those that load the undici inside Node, which
 * costs 7 MiB and is of no use here.
 */
export const http = process.getBuiltinModule('node:http');
