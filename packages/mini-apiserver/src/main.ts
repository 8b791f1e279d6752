#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMiniApiServer } from './server.ts';

const HELP = `An in-memory Kubernetes API for one machine.

  --port N              port on 127.0.0.1, default 6443; 0 takes a free one
  --socket PATH         also serve plain HTTP on a Unix socket (mode 0600)
  --service-cidr RANGE  cluster IPs, default 10.96.0.0/16
  --help
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '6443' },
    socket: { type: 'string' },
    'service-cidr': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is not a port`);
  const token = randomBytes(24).toString('base64url');
  const server = await startMiniApiServer({
    socketPath: values.socket,
    listen: { host: '127.0.0.1', port },
    users: [{ token, name: 'admin', groups: ['system:masters'], access: 'admin' }],
    serviceCidr: values['service-cidr'],
  });
  const folder = await mkdtemp(join(tmpdir(), 'mini-apiserver-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig('admin'), { mode: 0o600 });
  process.stdout.write(`${server.url}\nexport KUBECONFIG=${kubeconfig}\n`);
  const stop = async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}
