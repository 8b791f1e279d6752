import { type Judgement, judge, type Opinion, type OwnNodeOf } from '@kubecity/isolation';
import { isPort, type Protocol, socketText } from '@kubecity/routing';
import { stringify } from 'yaml';
import type { Connection } from '../connection.ts';
import { EXIT, Failure } from '../failure.ts';
import { counted } from '../figures.ts';
import { type Format, tellData } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { type Addition, additionFor } from './addition.ts';
import { endOf, endpointsOf, type NamedEnd, ofFamily, type Place, placesOf, type Target } from './ends.ts';
import { type Enforcement, enforcementLines, enforcementOf, mapIfAny, ownNodeOf } from './enforcement.ts';
import { opinionWords } from './opinion-words.ts';
import { type PolicyCity, readPolicyCity } from './policy-city.ts';

export interface WhyFlags {
  readonly from: string;
  readonly to: string;
  readonly port?: string;
  readonly protocol: Protocol;
  readonly output: Format;
}

/** One way that the connection may take. */
interface Way extends Judgement {
  readonly from: string;
  /** `address:port` behind the Service, if there is one. */
  readonly to: string;
  readonly fromPod?: string;
  readonly toPod?: string;
  readonly toNode?: string;
}

interface Why {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  /** Every way is open. */
  readonly allowed: boolean;
  readonly ways: readonly Way[];
  /** What would open those that are closed. */
  readonly additions: readonly Addition[];
  /** Absent: no dashboard tells. */
  readonly enforcement?: readonly Enforcement[];
  readonly remarks: readonly string[];
}

/** What the policies of the cluster say to a connection, by which rules, and what would open it. @returns the exit code */
export async function why(flags: WhyFlags, connection: Connection, terminal: Terminal): Promise<number> {
  const answer = await answerOf(flags, connection, terminal);
  const { output } = flags;
  if (output === 'json' || output === 'yaml') tellData(answer, output, terminal);
  else if (output === 'name')
    for (const { allowed, to } of answer.ways) terminal.out(`${allowed ? 'allowed' : 'refused'}/${to}`);
  else terminal.out(whyLines(answer, terminal.paint).join('\n'));
  return answer.allowed ? EXIT.done : EXIT.refused;
}

async function answerOf(flags: WhyFlags, connection: Connection, terminal: Terminal): Promise<Why> {
  const { client, namespace } = connection;
  const from = endOf(flags.from, '--from', namespace);
  const to = endOf(flags.to, '--to', namespace);
  if (from.kind === 'service') throw new Failure('usage', '--from: a Service opens no connections.');
  if (to.kind !== 'service') portOf(flags.port);
  const needed = [from, to].flatMap((end) => ('namespace' in end && end.kind !== 'node' ? [end.namespace] : []));
  const city = await readPolicyCity(client, needed.length > 0 ? needed : [namespace]);
  const sources = placesOf(from, city);
  const { label, targets } = await targetsOf(to, flags, connection, city);
  const map = await mapIfAny(connection, terminal);

  const ownNode = ownNodeOf(map);
  const found = targets.flatMap((target) => {
    const source = ofFamily(sources, target.address);
    return source ? [wayOf(source, target, flags.protocol, city, ownNode)] : [];
  });
  const [first] = sources as [Place];
  if (found.length === 0)
    throw new Failure('failure', `${first.label} and ${label} have no addresses of the same family.`);
  const ways = found.map(({ way }) => way);
  const additions = found.flatMap(({ additions }) => additions);
  const nodes = [first.node, ...targets.map(({ node }) => node)].filter((node) => node !== undefined);
  return {
    from: first.label,
    to: label,
    protocol: flags.protocol,
    allowed: ways.every(({ allowed }) => allowed),
    ways,
    additions: [...new Map(additions.map((one) => [JSON.stringify(one), one])).values()],
    ...(map && { enforcement: enforcementOf(map, nodes) }),
    remarks: [...city.unseen, ...remarksOf(first, to, targets, city)],
  };
}

async function targetsOf(to: NamedEnd, { port, protocol }: WhyFlags, { client }: Connection, city: PolicyCity) {
  if (to.kind === 'service') {
    const { port: label, targets } = await endpointsOf(to, port, protocol, client, city);
    return { label: `Service ${label}`, targets };
  }
  const targets = placesOf(to, city).map((place): Target => ({ ...place, port: portOf(port) }));
  return { label: targets[0]?.label ?? '', targets };
}

function portOf(text: string | undefined): number {
  const port = Number(text);
  if (text !== undefined && isPort(port)) return port;
  throw new Failure(
    'usage',
    text === undefined ? 'Give --port.' : `--port: ${JSON.stringify(text)} is no port of a pod. Give a number.`,
  );
}

function wayOf(source: Place, target: Target, protocol: Protocol, city: PolicyCity, ownNode: OwnNodeOf) {
  const attempt = { from: source.address, to: target.address, protocol, port: target.port };
  const judgement = judge(city.tracker, attempt, ownNode);
  const way: Way = {
    ...judgement,
    from: source.address,
    to: socketText(target.address, target.port),
    fromPod: judgement.egress.pod,
    toPod: judgement.ingress.pod,
    toNode: target.node,
  };
  const additions = (['egress', 'ingress'] as const).flatMap((direction) => {
    const opinion = judgement[direction];
    if (opinion.verdict !== 'refused') return [];
    return additionFor({ direction, from: source, to: target, protocol, opinion }, city.policies) ?? [];
  });
  return { way, additions };
}

function remarksOf(from: Place, to: NamedEnd, targets: readonly Target[], { tracker, nodes }: PolicyCity): string[] {
  const remarks = [...new Set([from, ...targets])]
    .filter(({ pod }) => pod?.spec?.hostNetwork)
    .map(({ label, node }) => `${label} is in the network of node ${node}: policies see it as the node.`);
  if (to.kind === 'address' && nodes.length > 0 && tracker.podsAt(to.address).length === 0) {
    remarks.push(
      `No pod has ${to.address}. Policies are judged behind a Service: name it as service/NAME to see what becomes of its endpoints.`,
    );
  }
  if (to.kind === 'service' && from.pod === undefined && from.node === undefined) {
    remarks.push(
      'A client outside that comes through a node port or load balancer with externalTrafficPolicy Cluster is seen under the address of the node where it comes in.',
    );
  }
  return remarks;
}

/** The answer for people; endpoints with the same answer together. */
function whyLines(
  { from, to, protocol, ways, additions, enforcement, remarks }: Why,
  paint: Terminal['paint'],
): string[] {
  const open = ways.filter(({ allowed }) => allowed).length;
  const verdict =
    open === ways.length
      ? paint('green', 'allowed')
      : paint(
          'red',
          open === 0 ? 'refused' : `refused at ${ways.length - open} of ${counted(ways.length, 'endpoint')}`,
        );
  const alike = Map.groupBy(ways, ({ egress, ingress }) => JSON.stringify([bare(egress), bare(ingress)]));
  return [
    paint('bold', `${from} → ${to}, ${protocol}: ${verdict}`),
    ...[...alike.values()].flatMap((group) => groupLines(group, from)),
    ...additions.flatMap((addition) => ['', ...additionLines(addition)]),
    '',
    ...enforcementLines(enforcement),
    ...remarks,
  ];
}

const bare = ({ verdict, policies, by }: Opinion) => ({ verdict, policies, by });

const MOST_ENDPOINTS = 5;

function groupLines(group: readonly Way[], from: string): string[] {
  const [first] = group as [Way, ...Way[]];
  const names = group
    .slice(0, MOST_ENDPOINTS)
    .map(({ to, toPod, toNode }) => `${to}${toPod ? ` ${toPod}` : ''}${toNode ? ` on ${toNode}` : ''}`);
  const more = group.length > MOST_ENDPOINTS ? [`and ${group.length - MOST_ENDPOINTS} more`] : [];
  return [
    ...[...names, ...more].map((name) => `  ${name}`),
    `    leaving ${first.fromPod ?? from}: ${opinionWords(first.egress, 'egress')}`,
    `    entering ${first.toPod ?? first.to}: ${opinionWords(first.ingress, 'ingress')}`,
  ];
}

function additionLines({ policy, field, rule, object }: Addition): string[] {
  const text = stringify(policy === undefined ? object : [rule])
    .trimEnd()
    .split('\n');
  const head =
    policy === undefined ? 'To open it, apply this policy:' : `To open it, add to ${field} of NetworkPolicy ${policy}:`;
  return [head, ...text.map((line) => `    ${line}`)];
}
