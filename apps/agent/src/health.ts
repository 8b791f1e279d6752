import http from 'node:http';
import type { Registry } from 'prom-client';

export interface Health {
  /** Why this node does not route as wished; undefined = it does. */
  unhealthy(): string | undefined;
  /** The process itself is stuck. */
  dead(): string | undefined;
}

/** `/healthz` (routes as wished), `/livez` (the process works), `/metrics`. 200 or 503, plain words. */
export function serveHealth(
  where: { host: string; port: number },
  health: Health,
  registry: Registry,
): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/healthz') return answer(response, health.unhealthy());
    if (path === '/livez') return answer(response, health.dead());
    if (path !== '/metrics') return void response.writeHead(404).end('not found\n');
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: Error) => response.writeHead(500).end(`${error.message}\n`),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where.port, where.host, () => resolve(server));
  });
}

function answer(response: http.ServerResponse, trouble: string | undefined): void {
  response.writeHead(trouble === undefined ? 200 : 503, { 'content-type': 'text/plain' });
  response.end(`${trouble ?? 'ok'}\n`);
}
