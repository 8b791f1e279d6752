import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalEndpoints } from '../../src/health/local-endpoints.ts';
import { ServiceHealth } from '../../src/health/service-health.ts';

let healthy: boolean;
let failures: string[];
let services: ServiceHealth;
const blockers: Server[] = [];

beforeEach(() => {
  healthy = true;
  failures = [];
  services = new ServiceHealth({
    isHealthy: () => healthy,
    failed: (service, port, error) => failures.push(`${service} ${port} ${error.message}`),
  });
});
afterEach(async () => {
  await services.close();
  for (const server of blockers.splice(0)) server.close();
});

/** Binds a port of the kernel's choice; `release` frees it. */
async function takenPort(host = '0.0.0.0'): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer();
  blockers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('not listening');
  return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function freePort(): Promise<number> {
  const { port, release } = await takenPort();
  await release();
  return port;
}

const wanted = (entries: Record<string, LocalEndpoints>) => new Map(Object.entries(entries));
const status = (port: number, host = '127.0.0.1') =>
  fetch(`http://${host}:${port}/any/path`).then(
    (response) => response.status,
    () => 'refused',
  );

describe('the health check node port', () => {
  it("answers in kube-proxy's words", async () => {
    const port = await freePort();
    await services.sync('IPv4', wanted({ 'shop/cart': { port, localEndpoints: 2 } }));
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': '2',
    });
    expect(await response.text()).toBe(
      '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "cart"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
    );
  });

  it('says no without local endpoints, and while this node does not route', async () => {
    const port = await freePort();
    await services.sync('IPv4', wanted({ 'shop/cart': { port, localEndpoints: 0 } }));
    expect(await status(port)).toBe(503);
    await services.sync('IPv4', wanted({ 'shop/cart': { port, localEndpoints: 1 } }));
    expect(await status(port)).toBe(200);
    healthy = false;
    expect(await status(port)).toBe(503);
  });

  it('follows the Service to another port and goes with it', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await services.sync('IPv4', wanted({ 'shop/cart': { port: first, localEndpoints: 1 } }));
    await services.sync('IPv4', wanted({ 'shop/cart': { port: second, localEndpoints: 1 } }));
    expect([await status(first), await status(second)]).toEqual(['refused', 200]);
    await services.sync('IPv4', wanted({}));
    expect(await status(second)).toBe('refused');
  });

  it('may go from one Service to another in one sync', async () => {
    const port = await freePort();
    await services.sync('IPv4', wanted({ 'shop/a': { port, localEndpoints: 1 } }));
    await services.sync('IPv4', wanted({ 'shop/b': { port, localEndpoints: 1 } }));
    expect(failures).toEqual([]);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toMatchObject({ service: { name: 'b' } });
  });

  it('exists once per family', async () => {
    const port = await freePort();
    await services.sync('IPv4', wanted({ 'shop/cart': { port, localEndpoints: 1 } }));
    await services.sync('IPv6', wanted({ 'shop/cart': { port, localEndpoints: 0 } }));
    expect(failures).toEqual([]);
    expect([await status(port), await status(port, '[::1]')]).toEqual([200, 503]);
    await services.sync('IPv4', wanted({}));
    expect([await status(port), await status(port, '[::1]')]).toEqual(['refused', 503]);
  });

  it('listens on the given addresses only, and moves when they change', async () => {
    const port = await freePort();
    const cart = wanted({ 'shop/cart': { port, localEndpoints: 1 } });
    await services.sync('IPv4', cart, ['127.0.0.1', '127.0.0.2']);
    expect([await status(port), await status(port, '127.0.0.2'), await status(port, '127.0.0.3')]).toEqual([
      200,
      200,
      'refused',
    ]);
    await services.sync('IPv4', cart, ['127.0.0.3']);
    expect([await status(port), await status(port, '127.0.0.3')]).toEqual(['refused', 200]);
  });

  it('that is taken is told of and tried again; the others go on', async () => {
    const { port, release } = await takenPort('127.0.0.2');
    const other = await freePort();
    const both = wanted({ 'shop/a': { port, localEndpoints: 1 }, 'shop/b': { port: other, localEndpoints: 1 } });
    await services.sync('IPv4', both, ['127.0.0.1', '127.0.0.2']);
    expect(failures).toEqual([expect.stringMatching(`^shop/a ${port} .*EADDRINUSE`)]);
    // nothing of the half-opened one is left
    expect([await status(port), await status(other)]).toEqual(['refused', 200]);
    await services.sync('IPv4', both, ['127.0.0.1', '127.0.0.2']);
    expect(failures).toHaveLength(2);
    await release();
    await services.sync('IPv4', both, ['127.0.0.1', '127.0.0.2']);
    expect([failures.length, await status(port)]).toEqual([2, 200]);
  });

  it('that is taken is opened as soon as it is free, with nobody asking', async () => {
    await services.close();
    services = new ServiceHealth({ isHealthy: () => true, failed: (service) => failures.push(service), retryMs: 20 });
    const { port, release } = await takenPort();
    await services.sync('IPv4', wanted({ 'shop/a': { port, localEndpoints: 1 } }));
    await release();
    await expect.poll(() => status(port)).toBe(200);
    const tries = failures.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(failures).toHaveLength(tries);
  });
});
