import { isKubeError, resources } from '@kubecity/kube';
import type { MapAnswer } from '@kubecity/protocol';
import type { KubeService } from '@kubecity/routing';
import type { Connection } from '../connection.ts';
import { seconds } from '../duration.ts';
import { EXIT, Failure } from '../failure.ts';
import { counted } from '../figures.ts';
import type { MapLink } from '../map-link.ts';
import { type Format, tell, tellData, type View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { type Change, type Difference, differencesOf, type PolicyChanges, type SeenTraffic } from './difference.ts';
import { enforcementLines, enforcementOf, ownNodeOf } from './enforcement.ts';
import { PastEnds } from './past-ends.ts';
import { readPolicyCity } from './policy-city.ts';
import { readPolicyFile } from './policy-file.ts';

export interface PreviewFlags {
  readonly filename?: string;
  readonly delete?: readonly string[];
  readonly since: string;
  readonly output: Format;
}

type Seen = Extract<MapAnswer, { kind: 'seen' }>;

/** What policies would cut and open among the traffic of the last hours. @returns the exit code: 3 where something is cut */
export async function preview(flags: PreviewFlags, connection: Connection, terminal: Terminal): Promise<number> {
  const changes = changesOf(flags, connection.namespace, terminal);
  const since = terminal.now() - seconds(flags.since, '--since') * 1000;
  const map = (await connection.dashboard()).map();
  const touched = [
    ...changes.apply.map(({ metadata }) => metadata.namespace ?? ''),
    ...changes.remove.map((id) => id.split('/')[0] ?? ''),
  ];
  const [city, services, seen] = await Promise.all([
    readPolicyCity(connection.client, touched),
    servicesOf(connection),
    map.ask({ kind: 'seen', from: since, to: terminal.now() }),
  ]);
  for (const id of changes.remove) {
    const isThere = city.policies.some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === id);
    if (!isThere) throw new Failure('failure', `There is no NetworkPolicy ${id}.`);
  }
  const ends = new PastEnds(city, services);
  const differences = differencesOf(city.tracker, trafficOf(seen, map, ends), changes, ownNodeOf(map));
  const { output } = flags;
  const told = {
    from: seen.from,
    to: seen.to,
    connections: sumOf(differences, 'opened'),
    failed: sumOf(differences, 'failed'),
    foldedEdges: seen.folded,
    foldedConnections: foldedOf(differences, seen),
    differences,
    unseen: city.unseen,
  };
  if (output === 'json' || output === 'yaml') tellData(told, output, terminal);
  else {
    const shown = output === 'wide' ? differences : differences.filter(({ change }) => change !== 'none');
    tell(shown, view, output, terminal);
    for (const line of [...sumLines(differences, seen), ...city.unseen, ...enforcementLines(enforcementOf(map))])
      terminal.say(line);
  }
  return differences.some(({ change }) => change === 'cut') ? EXIT.refused : EXIT.done;
}

/** @throws Failure */
function changesOf(
  { filename, delete: remove = [] }: PreviewFlags,
  namespace: string,
  terminal: Terminal,
): PolicyChanges {
  if (filename === undefined && remove.length === 0)
    throw new Failure('usage', 'Give the policies with -f FILE, or --delete NAMESPACE/NAME.');
  const ids = remove.map((text) => {
    const words = text.split('/');
    const [name = '', home = namespace] = words.reverse();
    if (words.length > 2 || name === '' || home === '')
      throw new Failure('usage', `--delete: ${JSON.stringify(text)} is no policy. Give NAMESPACE/NAME.`);
    return `${home}/${name}`;
  });
  if (filename === undefined) return { apply: [], remove: ids };
  const { policies, others } = readPolicyFile(filename, namespace);
  if (others.length > 0)
    terminal.say(`Left out of ${filename}, which has more than NetworkPolicies: ${others.join(', ')}.`);
  const both = policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).find((id) => ids.includes(id));
  if (both !== undefined) throw new Failure('usage', `NetworkPolicy ${both} is in ${filename} and in --delete.`);
  return { apply: policies, remove: ids };
}

/** Without the right to list them, clients outside are taken to keep their address. */
async function servicesOf({ client }: Connection): Promise<readonly KubeService[]> {
  try {
    return (await client.list<KubeService>(resources.services)).items;
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return [];
    throw error;
  }
}

/** What was seen to be opened, and what was refused within the last minute where it is not among that: by its own node. */
function trafficOf({ clients, backends, edges }: Seen, map: MapLink, ends: PastEnds): SeenTraffic[] {
  const traffic: SeenTraffic[] = [];
  const pairs = new Set<string>();
  for (const [i, j, all, open, at, refused = 0, unanswered = 0] of edges) {
    const [client, backend] = [clients[i], backends[j]];
    const attempt = client && backend && ends.attempt(client, backend);
    if (!attempt) continue;
    // over UDP many that are well are never answered
    const failed = Math.min(all, refused + (attempt.protocol === 'UDP' ? 0 : unanswered));
    const opened = all - failed;
    traffic.push({
      client: ends.clientLabel(client),
      to: ends.backendLabel(backend),
      attempt,
      opened,
      failed,
      open,
      at,
    });
    pairs.add(pairOf(client.id, backend.backend));
  }
  for (const { client, address, port, protocol, podUid, service = '', lastAt } of map.all('refusal').values()) {
    const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const backend = { service: '', servicePort: `/${protocol}`, backend: `|${place}`, podUid };
    if (pairs.has(pairOf(client.id, backend.backend))) continue;
    const attempt = ends.attempt(client, { ...backend, service });
    const to = `${service === '' ? ends.backendLabel(backend) : service} ${protocol} ${port}`;
    if (attempt)
      traffic.push({ client: ends.clientLabel(client), to, attempt, opened: 0, failed: 1, open: 0, at: lastAt });
  }
  return traffic;
}

/** @param backend `<service port>|address:port` */
const pairOf = (client: string, backend: string) => `${client} ${backend.slice(backend.lastIndexOf('|') + 1)}`;

const WORDS: Readonly<Record<Change, string>> = { cut: 'cut', opened: 'opened', unknown: 'unknown', none: '-' };

const view: View<Difference> = {
  none: 'Nothing of this traffic would change.',
  name: ({ change, client, to }) => `${change}/${client}>${to}`,
  columns: [
    { head: 'CHANGE', cell: ({ change }) => WORDS[change] },
    { head: 'FROM', cell: ({ client }) => client },
    { head: 'TO', cell: ({ to }) => to },
    { head: 'CONNECTIONS', cell: ({ opened }) => opened, right: true },
    { head: 'FAILED', cell: ({ failed }) => failed, right: true },
    { head: 'OPEN NOW', cell: ({ open }) => open, right: true },
    { head: 'PAIRS', cell: ({ edges }) => edges, right: true, wide: true },
    { head: 'BEFORE', cell: ({ before }) => before, wide: true },
    { head: 'AFTER', cell: ({ after }) => after, wide: true },
    { head: 'LAST', cell: ({ lastAt }) => clock(lastAt), wide: true },
    { head: 'BY', cell: ({ by }) => by.join('; ') },
  ],
};

const clock = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

const sumOf = (of: readonly Difference[], what: 'edges' | 'opened' | 'failed' | 'open') =>
  of.reduce((all, one) => all + one[what], 0);

/** Connections, attempts among them, of the pairs that are not known one by one. */
const foldedOf = (all: readonly Difference[], { opened }: Seen): number =>
  Math.max(0, opened - sumOf(all, 'opened') - sumOf(all, 'failed'));

function sumLines(differences: readonly Difference[], seen: Seen): string[] {
  const { from, to, folded } = seen;
  const ofChange = (change: Change) => differences.filter((one) => one.change === change);
  const [cut, open, unknown] = (['cut', 'opened', 'unknown'] as const).map(ofChange) as [
    Difference[],
    Difference[],
    Difference[],
  ];
  const failed = sumOf(differences, 'failed');
  return [
    `Of the traffic from ${clock(from)} to ${clock(to)}, at least ${counted(sumOf(differences, 'opened'), 'connection')} between ${counted(sumOf(differences, 'edges'), 'pair')} of client and backend${failed > 0 ? `, and ${counted(failed, 'attempt')} that failed` : ''}:`,
    `  cut      ${counted(sumOf(cut, 'edges'), 'pair')}, at least ${counted(sumOf(cut, 'opened'), 'connection')} opened in that time, ${sumOf(cut, 'open')} open`,
    `  opened   ${counted(sumOf(open, 'edges'), 'pair')}`,
    ...(unknown.length > 0
      ? [
          `  unknown  ${counted(sumOf(unknown, 'edges'), 'pair')}, ${counted(sumOf(unknown, 'opened'), 'connection')}: what is not known any more of pods that are gone, or of addresses, decides`,
        ]
      : []),
    ...(folded > 0
      ? [
          `At least ${counted(folded, 'quiet pair')} more, with ${counted(foldedOf(differences, seen), 'connection')} or attempts, were not kept one by one: what becomes of these is not known.`,
        ]
      : []),
  ];
}
