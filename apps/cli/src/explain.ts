import type { Explanation, Judgement, MapQuestion, Opinion } from '@kubecity/protocol';
import type { Connection } from './connection.ts';
import { EXIT, Failure } from './failure.ts';
import { percent } from './figures.ts';
import { opinionWords } from './isolation/opinion-words.ts';
import type { MapLink } from './map-link.ts';
import { type Format, tellData } from './output.ts';
import type { Terminal } from './terminal.ts';

type Question = Extract<MapQuestion, { kind: 'explain' }>;

export interface ExplainFlags {
  readonly via?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly output: Format;
}

/** What becomes of a connection's first packet, by the rules in the kernel where it meets them. */
export async function explain(
  from: string,
  to: string,
  flags: ExplainFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const map = (await connection.dashboard()).map();
  await map.whole();
  const { namespace } = connection;
  const question: Question = {
    kind: 'explain',
    source: sourceOf(from, flags.via, namespace, map),
    destination: destinationOf(to, flags.protocol, namespace, map),
  };
  const { node, answer } = await map.ask(question);
  if (flags.output === 'json' || flags.output === 'yaml') tellData({ node, ...answer }, flags.output, terminal);
  if (answer.kind !== 'explain') {
    throw new Failure(
      'failure',
      `node ${node}: ${answer.kind === 'refused' ? answer.message : 'it answered something else'}`,
    );
  }
  if (flags.output === 'table' || flags.output === 'wide') {
    terminal.out(explanationLines(node, answer, flags.output === 'wide').join('\n'));
  }
  return EXIT.done;
}

function sourceOf(text: string, via: string | undefined, namespace: string, map: MapLink): Question['source'] {
  const [kind, first = '', second] = text.split('/');
  if (kind === 'node' && second === undefined && first !== '') return { kind: 'node', node: first };
  if (kind === 'pod' && first !== '') {
    const [home, name] = second === undefined ? [namespace, first] : [first, second];
    const pod = [...map.all('pod').values()].find((pod) => pod.namespace === home && pod.name === name);
    if (!pod) throw new Failure('failure', `There is no pod ${name} in namespace ${home}.`);
    return { kind: 'pod', uid: pod.uid };
  }
  if (text.includes('/'))
    throw new Failure('usage', `${JSON.stringify(text)} is no source. Give pod/NAME, node/NAME or an address.`);
  if (via === undefined)
    throw new Failure('usage', `A client outside comes in through a node: say which with --via NODE.`);
  return { kind: 'outside', address: text, node: via };
}

function destinationOf(
  text: string,
  protocol: ExplainFlags['protocol'],
  namespace: string,
  map: MapLink,
): Question['destination'] {
  const service = /^(?:service|svc)\/(?:([^/:]+)\/)?([^/:]+)(?::([^/:]+))?$/.exec(text);
  if (service) {
    const [, home = namespace, name = '', port] = service;
    const record = map.all('service').get(`${home}/${name}`);
    if (!record) throw new Failure('failure', `There is no Service ${name} in namespace ${home}.`);
    const named = record.ports.filter((one) => port === undefined || one.name === port || String(one.port) === port);
    const chosen = named[0];
    if (!chosen) throw new Failure('failure', `Service ${name} has no port ${port ?? ''}.`);
    if (!record.clusterIP || record.clusterIP === 'None')
      throw new Failure('failure', `Service ${name} has no cluster IP.`);
    return { address: record.clusterIP, port: chosen.port, protocol: chosen.protocol as ExplainFlags['protocol'] };
  }
  const address = /^(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(text);
  if (!address)
    throw new Failure('usage', `${JSON.stringify(text)} is no destination. Give service/NAME:PORT or ADDRESS:PORT.`);
  return { address: address[1] ?? address[2] ?? '', port: Number(address[3]), protocol };
}

const END_WORDS = {
  dnat: 'goes to',
  accept: 'is let in',
  reject: 'is refused',
  drop: 'is dropped',
  none: 'no rule of ours decides',
};

/** The ends with their chances, and the rules on the way where more is asked for. */
export function explanationLines(node: string, told: Explanation, wide: boolean): string[] {
  const { source, servicePort, ends, rest, rules, unknown } = told;
  return [
    `On node ${node}, from ${source}${servicePort ? `, to ${servicePort}` : ''}:`,
    ...ends.flatMap(({ kind, to, chance, refusal, rewriting, held, isolation, passed, way }) => [
      [
        `  ${percent(chance).padStart(7)}  ${END_WORDS[kind]}${to === undefined ? '' : ` ${to}`}`,
        ...(refusal ? [refusal] : []),
        ...(rewriting ? [`source rewritten (${rewriting})`] : []),
        ...(held ? ['held by session affinity'] : []),
        `after ${passed} rules`,
      ].join(', '),
      ...(isolation ? isolationLines(isolation, wide) : []),
      ...(wide ? way.map((place) => `             ${rules[place]?.chain} ${rules[place]?.rule}`) : []),
    ]),
    ...(rest.ends > 0 ? [`  ${percent(rest.chance).padStart(7)}  ${rest.ends} other ends`] : []),
    ...unknown.map(({ chain, rule, why }) => `  not understood: ${chain} ${rule} (${why})`),
  ];
}

/** What NetworkPolicies say to it: what refuses always, what allows where more is asked for. */
function isolationLines({ egress, ingress }: Judgement, wide: boolean): string[] {
  const said = [
    { opinion: egress, words: `leaving ${egress.pod}: ${opinionWords(egress, 'egress')}` },
    { opinion: ingress, words: `entering ${ingress.pod}: ${opinionWords(ingress, 'ingress')}` },
  ];
  const isTold = ({ pod, verdict }: Opinion) => pod !== undefined && (wide || verdict === 'refused');
  return said.filter(({ opinion }) => isTold(opinion)).map(({ words }) => `             ${words}`);
}
