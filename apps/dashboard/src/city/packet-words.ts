import type { ExplainedEnd, Explanation, PassedRule } from '@kubecity/protocol';
import type { City } from './city.ts';
import { count, percent, plural } from './format.ts';
import { forbiddersOf, isForbidden, isolationSentences, judgementSentences, refuserOf } from './judgement-words.ts';
import { type PacketDestination, type PacketSource, portlessWords, sourceWords } from './packet-ends.ts';
import { NODES_GATE, nodePlace, OUTSIDE_GATE, podPlace, servicePlace } from './survey.ts';

/** An explanation, where and of what it was asked. */
export interface ExplainedPacket {
  readonly node: string;
  readonly source: PacketSource;
  readonly destination: PacketDestination;
  readonly explanation: Explanation;
}

/** `shop/cart` of `shop/cart:http/TCP`. */
export const serviceOf = ({ servicePort }: Explanation): string | undefined => servicePort?.replace(/:[^:]*$/, '');

/** In one line: where it goes. */
export function verdictWords({ node, explanation }: ExplainedPacket): string {
  const { ends, rest } = explanation;
  const [first] = ends;
  if (!first) return 'Nothing becomes of it.';
  const service = serviceOf(explanation);
  const of = service === undefined ? '' : ` of ${service}`;
  const forbidden = ends.filter(isForbidden);
  if (forbidden.length === ends.length && rest.ends === 0) return 'Is refused by network policies.';
  const but = forbidden.length === 0 ? '' : `, and network policies refuse ${count(forbidden.length)} of these ways`;
  const arriving = ends.filter(({ kind }) => kind === 'dnat');
  if (arriving.length + rest.ends > 1)
    return `Goes to one of ${count(arriving.length + rest.ends)} backends${of}${but}.`;
  if (first.kind === 'dnat')
    return `Goes to ${first.held ? `the backend${of} that holds this client` : `one backend${of}`}.`;
  if (first.kind === 'accept') return `Is let into ${node}.`;
  if (first.kind === 'none') return `No rule of Kubecity on ${node} decides.`;
  return first.kind === 'reject'
    ? `Is refused at once${of && `: no way to ${service}`}.`
    : 'Is dropped without a word.';
}

const REFUSALS = {
  'no-endpoints': 'No backend anywhere may take new connections: none is ready, or all are drained or have weight 0.',
  'not-here': 'The traffic policy is Local and no backend that may take new connections is on this node.',
  'source-range': 'The client is in none of the load balancer’s source ranges.',
  loopback: 'Sent to 127.0.0.0/8 from another machine.',
  other: 'By a rule that is not Kubecity’s.',
} as const;

const refusalWords = ({ refusal }: ExplainedEnd): string | undefined => refusal && REFUSALS[refusal];

/** Why it arrives nowhere, where that is known. */
export function reasonWords(
  city: Pick<City, 'service'>,
  { destination, explanation }: ExplainedPacket,
): string | undefined {
  const [first] = explanation.ends;
  return (first && refusalWords(first)) ?? portlessWords(city, destination);
}

const REWRITINGS = {
  itself: 'it is sent to itself, and would not know the answer otherwise',
  gateway: 'it is no pod of the cluster, and the answer must come back through this node',
  door: 'the external traffic policy is Cluster, and the answer must come back through this node',
  node: 'a program of this node came through an external address',
  other: 'a rule that is not Kubecity’s asks for it',
} as const;

/** What the backend sees as the client; a sentence for each case there is. */
export function sourceSentences({ node, source: client, explanation }: ExplainedPacket): readonly string[] {
  const { source } = explanation;
  const arriving = explanation.ends.filter(({ kind }) => kind === 'dnat' || kind === 'accept');
  if (client.kind === 'node' && arriving.length > 0) return [`The backend sees an address of ${node}.`];
  const kinds = Map.groupBy(arriving, ({ rewriting }) => rewriting);
  return [...kinds].map(([rewriting, ends]) => {
    const some = kinds.size > 1 ? `In ${percent(sum(ends))} of cases, the` : 'The';
    return rewriting === undefined
      ? `${some} client’s address ${source} is kept.`
      : `${some} client’s address is rewritten to one of ${node}: ${REWRITINGS[rewriting]}.`;
  });
}

const sum = (ends: readonly ExplainedEnd[]) => ends.reduce((total, { chance }) => total + chance, 0);

/** What else a person should know before believing it. */
export function caveatsOf({ node, explanation }: ExplainedPacket): readonly string[] {
  const { ends, sets, unknown, others } = explanation;
  const caveats: string[] = [];
  if (ends.some(({ held }) => held)) {
    caveats.push('Session affinity holds this client: until its window ends it comes back here.');
  } else if (sets > 0) {
    caveats.push('Session affinity: chance decides once, then the client is kept at that backend.');
  }
  if (ends.some((end) => end.kind === 'none' && !isForbidden(end))) {
    caveats.push('Where no rule of ours decides, kube-proxy’s or the CNI’s do, or the address is routed as it is.');
  }
  if (unknown.length > 0) {
    const what = plural(unknown.length, 'rule');
    caveats.push(`${what} on the way ${unknown.length === 1 ? 'is' : 'are'} not known: told as if not matching.`);
  }
  for (const { table, chain, policy, before, after } of others) {
    if (before + after > 0) {
      const first = before === 0 ? '' : after === 0 ? ' before ours' : `, ${before} of them before ours`;
      const rules = plural(before + after, 'rule of others', 'rules of others');
      caveats.push(`${rules} in ${chain} (${table}) of ${node}${first}: not walked.`);
    }
    if (policy === 'DROP') caveats.push(`${chain} (${table}) drops what no rule there lets through.`);
  }
  return caveats;
}

/** Another node, whose rules decide because the address is its own; this one only sends the packet on. */
export function decidedAt(city: Pick<City, 'node'>, { node, destination, explanation }: ExplainedPacket) {
  if (explanation.ends.some(({ kind }) => kind !== 'none')) return undefined;
  const owner = [...city.node.values()].find(({ addresses }) => addresses.includes(destination.address));
  return owner === undefined || owner.name === node ? undefined : owner.name;
}

/** One end as a row: who it is, and how likely. */
export interface EndRow {
  readonly name: string;
  readonly detail: string;
  readonly chance: number;
  readonly podUid?: string;
  readonly end: ExplainedEnd;
}

export function endRows(city: Pick<City, 'backend'>, { explanation }: ExplainedPacket): readonly EndRow[] {
  return explanation.ends.map((end): EndRow => {
    const { kind, to, chance } = end;
    const forbidden = isForbidden(end);
    if (to === undefined || (kind !== 'dnat' && !forbidden)) {
      if (forbidden) return { name: 'refused by policy', detail: forbiddersOf(end).join(', '), chance, end };
      // The one reason there is stands above the list.
      const detail = explanation.ends.length > 1 ? (refusalWords(end) ?? '') : '';
      return { name: OTHER_ENDS[kind], detail, chance, end };
    }
    const backend = city.backend.get(`${explanation.servicePort}|${to}`);
    const refused = forbidden && `refused by ${forbiddersOf(end).join(', ')}`;
    const detail = [refused, backend?.podName && to, backend?.node].filter(Boolean).join(' · ');
    return { name: backend?.podName ?? to, detail, chance, podUid: backend?.podUid, end };
  });
}

const OTHER_ENDS = {
  dnat: 'to a backend',
  accept: 'let into the node',
  reject: 'refused',
  drop: 'dropped',
  none: 'no rule of ours decides',
} as const;

/** The rules of one end, those of one chain together. */
export function wayOf({ rules }: Explanation, { way }: ExplainedEnd): readonly ChainOfWay[] {
  const chains: { table: string; chain: string; rules: string[] }[] = [];
  for (const { table, chain, rule } of way.flatMap((place): PassedRule[] => (rules[place] ? [rules[place]] : []))) {
    const last = chains.at(-1);
    if (last?.chain === chain && last.table === table) last.rules.push(rule);
    else chains.push({ table, chain, rules: [rule] });
  }
  return chains;
}

export interface ChainOfWay {
  readonly table: string;
  readonly chain: string;
  readonly rules: readonly string[];
}

/** All of it as text, to be pasted somewhere. */
export function packetText(city: City, packet: ExplainedPacket): string {
  const { node, source, destination, explanation } = packet;
  const { address, port, protocol } = destination;
  const asked = new Date(explanation.at).toISOString();
  const ends = endRows(city, packet).flatMap(({ name, detail, chance, end }) => [
    `  ${percent(chance).padStart(7)}  ${name}${detail && ` (${detail})`}, ${count(end.compared)} rules compared`,
    ...(end.isolation ? judgementSentences(end.isolation).map(({ words }) => `           ${words}`) : []),
    ...wayOf(explanation, end).flatMap(({ table, chain, rules }) =>
      rules.map((rule) => `           ${table} -A ${chain} ${rule}`),
    ),
  ]);
  const { rest, unknown } = explanation;
  const reason = reasonWords(city, packet);
  return [
    `${sourceWords(city, source)} (${explanation.source}) → ${address} ${port}/${protocol}`,
    `By the rules of ${node}, read ${asked}`,
    verdictWords(packet),
    ...(reason === undefined ? [] : [reason]),
    ...sourceSentences(packet),
    ...isolationSentences(explanation.ends).map(({ words }) => words),
    ...caveatsOf(packet),
    '',
    ...ends,
    ...(rest.ends > 0 ? [`  ${percent(rest.chance).padStart(7)}  ${count(rest.ends)} others together`] : []),
    ...unknown.flatMap(({ table, chain, rule, why }) => ['', `not known: ${table} -A ${chain} ${rule}`, `  ${why}`]),
    '',
  ].join('\n');
}

/**
 * The way on the map: from where the client stands over the Service's junction to each backend. Where policies refuse, it ends: at the
 * pod that they close.
 */
export function trailOf(
  city: Pick<City, 'backend' | 'service' | 'pod'>,
  lens: 'services' | 'nodes',
  packet: ExplainedPacket,
) {
  const { source, explanation } = packet;
  const service = serviceOf(explanation);
  const here = placeOfSource(source, lens);
  const junction = service !== undefined && city.service.has(service) ? servicePlace(service) : undefined;
  const arriving = endRows(city, packet).flatMap(({ podUid, chance, end }) => {
    const node = city.backend.get(`${explanation.servicePort}|${end.to}`)?.node;
    const uid = podUid ?? judgedPod(city, end);
    const to = uid !== undefined ? podPlace(uid) : node !== undefined ? nodePlace(node) : undefined;
    const barred = refuserOf(end);
    return to === undefined ? [] : [{ from: junction ?? here, to, chance, ...(barred && { barred }) }];
  });
  const stays = explanation.ends.length > 0 && explanation.ends.every((end) => refuserOf(end) === 'out');
  const towards = junction ?? arriving[0]?.to;
  if (stays && towards !== undefined) return { legs: [{ from: here, to: towards, chance: 1, barred: 'out' as const }] };
  return { legs: [...(junction ? [{ from: here, to: junction, chance: 1 }] : []), ...arriving] };
}

/** The pod that policies were asked about, where no backend names one. */
function judgedPod(city: Pick<City, 'pod'>, { isolation }: ExplainedEnd): string | undefined {
  const name = isolation?.ingress.pod;
  if (name === undefined) return undefined;
  return [...city.pod.values()].find((pod) => `${pod.namespace}/${pod.name}` === name)?.uid;
}

function placeOfSource(source: PacketSource, lens: 'services' | 'nodes'): string {
  if (source.kind === 'pod') return podPlace(source.uid);
  if (source.kind === 'outside') return OUTSIDE_GATE;
  return lens === 'nodes' ? nodePlace(source.node) : NODES_GATE;
}
