import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { Family } from '@kubecity/routing';
import { KubeProxyProcess } from '../../testing/kube-proxy-process.ts';
import type { PacketCase } from '../packet-case.ts';
import { PlayerError } from '../player.ts';
import { FAMILIES, type Remembered } from '../programming.ts';
import { kubeProxyConfiguration } from './kube-proxy-config.ts';
import { routeLoopback } from './lab.ts';
import type { RuleWriter } from './rule-writer.ts';

const USER = 'kube-proxy';
const TABLES = ['mangle', 'nat', 'filter'];
const PREFIX = { IPv4: 'ip', IPv6: 'ip6' } as const;
/** Lists of xt_recent: `+ADDRESS` puts a client in as of now, `/` empties one. */
const RECENT = '/proc/net/xt_recent';

/** The rules of a kube-proxy: each case gets a process and an API server of its own, with the case's objects. */
export class KubeProxyRules implements RuleWriter {
  readonly name: string;
  readonly #binary: string;
  /** The tables of each family before the first case. */
  #before: ReadonlyMap<Family, string> | undefined;
  /** Names of lists in xt_recent by the service port and endpoint that they are of. */
  #lists: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  /** @throws PlayerError */
  constructor(binary: string) {
    this.name = `kube-proxy ${versionOf(binary)}`;
    this.#binary = binary;
  }

  async write(each: PacketCase): Promise<string[]> {
    this.#clear();
    // It opens loopback itself.
    routeLoopback(false);
    const api = await startMiniApiServer({
      listen: { host: '127.0.0.1', port: 0 },
      users: [
        { token: randomBytes(24).toString('base64url'), name: USER, groups: ['system:masters'], access: 'admin' },
      ],
    });
    try {
      for (const object of objectsOf(each)) api.put(object);
      const process = new KubeProxyProcess(this.#binary, kubeProxyConfiguration(each), api.kubeconfig(USER));
      // Rules stay when it ends, and then no packet of its own crosses those of the case.
      await process.settled().finally(() => process.stop());
    } finally {
      await api.close();
    }
    this.#lists = listsIn(FAMILIES.map((family) => save(family, 'nat')).join(''));
    return [];
  }

  /** Age is told by presence: a client within its window is put in as of now, one whose window has closed is not. */
  async remember(clients: readonly Remembered[]): Promise<void> {
    for (const list of readdirSync(RECENT)) writeFileSync(`${RECENT}/${list}`, '/\n');
    for (const { port, backend, client } of clients) {
      const lists = this.#lists.get(listKey(`${port.namespace}/${port.name}`, port.portName, backend)) ?? [];
      for (const list of lists) writeFileSync(`${RECENT}/${list}`, `+${client}\n`);
    }
  }

  async close(): Promise<void> {
    this.#clear();
  }

  #clear(): void {
    this.#before ??= new Map(
      FAMILIES.map((family) => [family, TABLES.map((table) => save(family, table)).join('')] as const),
    );
    for (const [family, text] of this.#before) execFileSync(`${PREFIX[family]}tables-restore`, { input: text });
  }
}

/** `v1.30.5`. @throws PlayerError when the file is no kube-proxy */
function versionOf(binary: string): string {
  try {
    const said = execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const version = /^Kubernetes (v\S+)/.exec(said)?.[1];
    if (version !== undefined) return version;
    throw new Error(`it says ${JSON.stringify(said.slice(0, 80))}`);
  } catch (cause) {
    throw new PlayerError(`${binary} is not kube-proxy: ${(cause as Error).message}`, { cause });
  }
}

function save(family: Family, table: string): string {
  return execFileSync(`${PREFIX[family]}tables-save`, ['-t', table], { encoding: 'utf8', maxBuffer: 2 ** 28 });
}

function listKey(service: string, portName: string, backend: string): string {
  return `${portName === '' ? service : `${service}:${portName}`} -> ${backend}`;
}

/** The comment in front of each list: `--comment "demo/web:http -> 10.244.1.5:8080" -m recent --rcheck … --name KUBE-SEP-…` */
export function listsIn(rules: string): Map<string, Set<string>> {
  const lists = new Map<string, Set<string>>();
  for (const [, key = '', list = ''] of rules.matchAll(/--comment "(\S+ -> \S+)" -m recent --rcheck .*--name (\S+)/g)) {
    lists.set(key, (lists.get(key) ?? new Set()).add(list));
  }
  return lists;
}

/** What the API server of the case's cluster would hold. */
function objectsOf({
  nodeName,
  nodeLabels,
  primaryNodeIPs,
  config,
  services,
  endpointSlices,
}: PacketCase): KubeObject[] {
  const podCIDRs = config.localDetect.mode === 'NodeCIDR' ? config.localDetect.podCIDRs : [];
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName, ...nodeLabels } },
    spec: { ...(podCIDRs[0] !== undefined && { podCIDR: podCIDRs[0], podCIDRs }) },
    status: { addresses: primaryNodeIPs.map((address) => ({ type: 'InternalIP', address })) },
  };
  return [
    node,
    ...services.map((service) => ({
      ...service,
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        namespace: 'default',
        ...service.metadata,
        annotations: { ...HINTS_COUNT, ...(service.metadata.annotations as object) },
      },
    })),
    ...endpointSlices.map((slice) => ({
      ...slice,
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', ...slice.metadata },
    })),
  ] as KubeObject[];
}

/** Until v1.32 kube-proxy looked at an endpoint's hints only under this annotation; since then hints alone decide. */
const HINTS_COUNT = { 'service.kubernetes.io/topology-mode': 'Auto' };
