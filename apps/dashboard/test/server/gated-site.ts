import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import { pino } from 'pino';
import { Server as SocketServer } from 'socket.io';
import { type AuditExport, api } from '../../server/api.ts';
import type { AuthSettings } from '../../server/auth/auth-settings.ts';
import { Gate } from '../../server/auth/gate.ts';
import type { Person } from '../../server/auth/person.ts';
import { doorkeeper } from '../../server/doorkeeper.ts';
import type { Hub } from '../../server/hub.ts';
import { type MapNamespace, openMapDoor } from '../../server/map-door.ts';
import { hubMetrics } from '../../server/metrics.ts';
import { sameSite } from '../../server/origin.ts';
import { type PageOptions, pages } from '../../server/pages.ts';
import { RecordStore } from '../../server/record-store.ts';
import { type Steer, steerDoor } from '../../server/steer-door.ts';
import { edgeNamer } from '../../server/traffic/edge-table.ts';
import { Traffic } from '../../server/traffic/traffic.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** All that stands between a browser and the cluster, with a page and an operator's deed that are as small as can be. */
export interface GatedSite {
  readonly url: string;
  /** Everything that was logged, as it was written. */
  readonly log: () => string;
  /** Whose requests were carried out. */
  readonly steered: Person[];
  /** Unix ms; the test moves it. */
  readonly clock: { now: number };
  send(method: string, path: string, headers?: Record<string, string | string[]>, body?: unknown): Promise<Reply>;
  close(): Promise<void>;
}

export const STEER = { action: 'steer', target: { kind: 'node', name: 'node-a' }, effect: { kind: 'release' } };

export async function openGatedSite(
  client: KubeClient,
  settings: AuthSettings,
  render: PageOptions['render'] = async (_request, response) => void response.end('page'),
): Promise<GatedSite> {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const metrics = hubMetrics();
  const steered: Person[] = [];
  const clock = { now: 1_700_000_000_000 };
  const now = () => clock.now;
  const namespaces = () => ['default', 'kube-system', 'shop'];
  const gate = new Gate({ client, settings, namespaces, log, now });
  /** Creates a namespace as the person, which only an admin may. */
  const steer: Steer = async (person) => {
    let name: string;
    try {
      const made = await person.client.create(resources.namespaces, { metadata: { name: `of-${randomUUID()}` } });
      name = made.metadata.name;
    } catch (error) {
      if (!isKubeError(error, 'forbidden')) throw error;
      return { ok: false, code: 'forbidden', message: error.message };
    }
    steered.push(person);
    return { ok: true, message: name, remarks: [], seen: '' };
  };
  const door = steerDoor({ steer, log, metrics, now });
  const audit: AuditExport = async ({ format }) => (format === 'csv' ? 'at,who\r\n' : '[]');
  const keep = doorkeeper(gate, api({ gate, steer: door, audit, log, metrics, now }), log);
  const server: Server = createServer();
  server.on('request', pages({ hub: () => ({ keep }) as Hub, dev: false, render, withOperations: false }));
  const sockets = new SocketServer(server, {
    allowRequest: (request, answer) => answer(null, sameSite(request, gate.site)),
  });
  openMapDoor(sockets.of('/map') as MapNamespace, {
    moment: { store: new RecordStore(), shown: new Traffic(edgeNamer(() => undefined)).shown },
    gate,
    steer: door,
    answer: async () => ({ kind: 'refused', code: 'not-found', message: '' }),
    lookedAt: () => {},
    log,
    metrics,
    now,
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const site: GatedSite = {
    url,
    log: () => lines.join(''),
    steered,
    clock,
    send: async (method, path, headers = {}, body = undefined) => {
      const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const given = { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers };
      // not fetch, which sends neither Host nor Cookie as it is told
      const outgoing = request({ port, host: '127.0.0.1', method, path, headers: given }).end(sent);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const answer = await text(incoming);
      const isJson = incoming.headers['content-type']?.startsWith('application/json');
      const { statusCode = 0, headers: head } = incoming;
      return { status: statusCode, headers: head, body: answer, json: isJson ? JSON.parse(answer) : undefined };
    },
    close: async () => {
      gate.close();
      await sockets.close();
    },
  };
  return site;
}
