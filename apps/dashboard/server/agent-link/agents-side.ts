import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import type { KubeClient } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { tlsServer } from '../tls-server.ts';
import { accountProof } from './account-proof.ts';
import { type AgentProof, secretFromFile, secretProof } from './agent-proof.ts';
import { selfSignedServer } from './agent-server.ts';
import type { AgentSettings } from './agent-settings.ts';

/** All that agents meet of the dashboard before its hub. */
export interface AgentsSide {
  readonly proof: AgentProof;
  /** Absent: they come where browsers do. */
  readonly server?: Server;
  /** Begins to listen, when the hub is there to answer. */
  open(registry: Registry): Promise<void>;
}

/** @throws Error for files that cannot be used */
export async function agentsSide(
  { door, proof }: AgentSettings,
  client: KubeClient,
  log: Logger,
  now = Date.now,
): Promise<AgentsSide> {
  const made =
    proof.kind === 'secret' ? secretProof(secretFromFile(proof.file)) : accountProof({ ...proof, client, now });
  if (door.kind === 'browsers') return { proof: made, open: async () => {} };
  if (door.kind === 'socket') {
    const server = createServer(nothingHere);
    return { proof: made, server, open: () => listenOnSocket(server, door.path) };
  }
  const { files, names, place, listen } = door;
  const own = files ? undefined : await selfSignedServer({ client, log, names, place, now });
  const server = own?.server ?? tlsServer(files as NonNullable<typeof files>, log);
  server.on('request', nothingHere);
  return {
    proof: made,
    server,
    open: async (registry) => {
      await once(server.listen(listen.port, listen.host), 'listening');
      log.info({ address: server.address(), proof: proof.kind }, 'listening for agents');
      own?.publish(registry);
    },
  };
}

const nothingHere: RequestListener = (_request, response) => void response.writeHead(404).end();

/** A socket file that a killed process left behind is removed; one that somebody serves is not. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  const probe = connect(path);
  const served = await new Promise<boolean>((resolve) => {
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  probe.destroy();
  if (served) throw new Error(`${path}: another process serves this socket`);
  rmSync(path, { force: true });
  // binds inside the call: nobody but this user can connect, at no moment
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await once(server, 'listening');
}
