import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient, resources } from '@kubecity/kube';
import { ApiError, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { trustingRoad } from '../src/hub-road.ts';
import { hubTrust } from '../src/hub-trust.ts';

/** Servers over TLS with certificates of their own stand for dashboards; one of them keeps the ConfigMap. */
let folder: string;
let api: MiniApiServer;
let client: KubeClient;
let hub: MiniApiServer;
const PLACE = { namespace: 'default', name: 'ca' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubecity-road-'));
  const socketPath = join(folder, 'api.sock');
  refuse = false;
  api = await startMiniApiServer({
    socketPath,
    intercept: ({ verb, resource }) => {
      seen.push(`${verb} ${resource}`);
      if (refuse) throw new ApiError('Timeout', 'the store does not answer');
    },
  });
  client = connect({ socketPath });
  seen.length = 0;
  await client.create(resources.configMaps, { metadata: PLACE });
  hub = await startHub(0);
});
afterEach(async () => {
  await client.close();
  await Promise.all([api.close(), hub.close()]);
  rmSync(folder, { recursive: true });
});

const seen: string[] = [];
let refuse: boolean;
const startHub = (port: number) => startMiniApiServer({ listen: { host: '127.0.0.1', port } });
const publish = async (...hubs: MiniApiServer[]) => {
  const map = await client.get<{ metadata: { name: string } }>(resources.configMaps, PLACE);
  await client.replace(resources.configMaps, { ...map, data: { 'ca.crt': hubs.map(({ ca }) => ca).join('') } });
};
const reads = () => seen.filter((one) => one === 'get configmaps').length;

/** Status of an answer over a road, or why there is none. */
async function drive(road: ReturnType<typeof trustingRoad>, servername = 'localhost'): Promise<number | string> {
  const asked = request({ host: '127.0.0.1', servername, port: hub.port, path: '/healthz', agent: road }).end();
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  } catch (error) {
    return (error as Error).message;
  }
}

it('trusts what the ConfigMap says, and reads it once', async () => {
  await publish(hub);
  const before = reads();
  const road = trustingRoad(hubTrust({ configMap: PLACE }, client));
  expect([await drive(road), await drive(road), await drive(road)]).toEqual([200, 200, 200]);
  expect(reads() - before).toBe(1);
});

it('learns the certificate of a dashboard that was started again within one connection', async () => {
  await publish(hub);
  const road = trustingRoad(hubTrust({ configMap: PLACE }, client));
  expect(await drive(road)).toBe(200);
  const { port = 0 } = hub;
  await hub.close();
  hub = await startHub(port);
  const before = reads();
  expect(await drive(road)).toContain('the dashboard has a certificate that is not trusted');
  await publish(hub);
  const between = reads();
  expect(await drive(road)).toBe(200);
  expect([between - before, reads() - between]).toEqual([2, 1]);
});

it('goes on with what it knows while the API is away', async () => {
  await publish(hub);
  const trust = hubTrust({ configMap: PLACE }, client);
  const road = trustingRoad(trust);
  expect(await drive(road)).toBe(200);
  refuse = true;
  const before = reads();
  trust.doubt();
  expect(await drive(road)).toBe(200);
  expect(reads() - before).toBe(1);
});

it('says what is missing before there is a certificate, and by whom it would be written', async () => {
  const road = trustingRoad(hubTrust({ configMap: PLACE }, client));
  expect(await drive(road)).toBe(
    'ConfigMap default/ca has no certificate in ca.crt: the dashboard writes it when it starts',
  );
  await publish(hub);
  expect(await drive(road)).toBe(200);
});

it('a certificate of another name is refused', async () => {
  await publish(hub);
  expect(await drive(trustingRoad(hubTrust({ configMap: PLACE }, client)), 'elsewhere')).toContain('is not trusted');
});

it('trusts a file, and reads it anew when the dashboard has another certificate', async () => {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, hub.ca ?? '');
  const road = trustingRoad(hubTrust({ file }, client));
  expect(await drive(road)).toBe(200);
  const { port = 0 } = hub;
  await hub.close();
  hub = await startHub(port);
  writeFileSync(file, hub.ca ?? '');
  expect(await drive(road)).toBe(200);
  writeFileSync(file, 'nothing');
  expect(await drive(trustingRoad(hubTrust({ file }, client)))).toContain('there is no certificate in this file');
});
