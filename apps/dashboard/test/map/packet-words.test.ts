import type { ExplainedEnd, Explanation } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import {
  destinationId,
  destinationWords,
  doorOfService,
  endsMatching,
  packetDestinations,
  packetSources,
  sourceWords,
  typedDestination,
  typedSource,
} from '../../src/city/packet-ends.ts';
import {
  caveatsOf,
  decidedAt,
  type ExplainedPacket,
  endRows,
  packetText,
  reasonWords,
  sourceSentences,
  trailOf,
  verdictWords,
  wayOf,
} from '../../src/city/packet-words.ts';
import { refusedWords } from '../../src/ui/ask/refused-words.ts';
import { cityOf } from './city-of.ts';
import { answerOf } from './toy-answers.ts';
import { toyCity } from './toy-city.ts';

const NOW = 1_700_000_000_000;
const { city } = cityOf(11);

/** The toy city's answer, by real rules. */
function explained(source: ExplainedPacket['source'], destination: ExplainedPacket['destination']): ExplainedPacket {
  const answer = answerOf(toyCity(11), { kind: 'explain', source, destination }, NOW);
  if (answer.kind !== 'explain' || answer.answer.kind !== 'explain') throw new Error(JSON.stringify(answer));
  return { node: answer.node, source, destination, explanation: answer.answer };
}

const podOf = (service: string, node: string) =>
  [...city.backend.values()].find((backend) => backend.service === service && backend.node === node)?.podUid ?? '';
const cart = doorOfService(city, 'shop/cart') as ExplainedPacket['destination'];
const WEB = { kind: 'pod', uid: podOf('shop/web', 'node-b') } as const;

describe('the ends a person may pick', () => {
  it('are found by name and address, and typed ones mean the pod or node that has them', () => {
    const sources = packetSources(city);
    const [pod] = [...city.pod.values()];
    if (!pod?.ip) throw new Error('the first pod has no address');
    expect(endsMatching(sources, pod.ip, 9).map(({ value }) => value)).toContainEqual({ kind: 'pod', uid: pod.uid });
    expect(endsMatching(sources, `${pod.namespace} ${pod.name}`, 9)).toHaveLength(1);
    expect(endsMatching(sources, `${pod.namespace}/${pod.name}`, 9)).toHaveLength(1);
    expect(endsMatching(sources, 'nothing has this name', 9)).toEqual([]);
    expect(endsMatching(sources, '', 5)).toHaveLength(5);
    expect(typedSource(city, ` ${pod.ip} `, 'node-a')).toEqual({ kind: 'pod', uid: pod.uid });
    expect(typedSource(city, '203.0.113.7', 'node-b')).toEqual({
      ...{ kind: 'outside', address: '203.0.113.7', node: 'node-b' },
    });
    expect(typedSource(city, '203.0.113.7', undefined)).toBeUndefined();
    expect(typedSource(city, 'web', 'node-a')).toBeUndefined();
    expect(new Set(sources.map(({ id }) => id)).size).toBe(sources.length);
  });

  it('are all doors of all Services', () => {
    const doors = packetDestinations(city);
    const ofWeb = doors.filter(({ label }) => label === 'shop/web').map(({ detail }) => detail.split(' · ').at(-1));
    expect(ofWeb).toEqual(expect.arrayContaining(['cluster IP', 'load balancer', 'node port of node-a']));
    expect(new Set(doors.map(({ id }) => id)).size).toBe(doors.length);
    expect(doorOfService(city, 'shop/nothing')).toBeUndefined();
    for (const { label, value } of doors) {
      expect(destinationWords(city, value)).toBe(`${label} · ${destinationId(value)}`);
    }
    // As they are shown, so they are found.
    for (const { label, value } of doors) {
      expect(endsMatching(doors, `${label}:${value.port}`, doors.length).map(({ id }) => id)).toContain(
        destinationId(value),
      );
    }
    const pod = [...city.pod.values()].find(({ ip }) => ip !== undefined);
    expect(destinationWords(city, { address: pod?.ip ?? '', port: 8080, protocol: 'TCP' })).toBe(
      `${pod?.namespace}/${pod?.name} · ${pod?.ip}:8080/TCP`,
    );
    const elsewhere = { address: '10.244.9.9', port: 80, protocol: 'TCP' } as const;
    expect(destinationWords(city, elsewhere)).toBe('10.244.9.9:80/TCP');
  });

  it.each([
    ['10.96.0.10:80', '10.96.0.10:80/TCP'],
    ['10.96.0.10:53/udp', '10.96.0.10:53/UDP'],
    [' [fd00:96::10]:80 ', '[fd00:96::10]:80/TCP'],
    ['10.96.0.10', undefined],
    ['10.96.0.300:80', undefined],
    ['10.96.0.10:0', undefined],
    ['10.96.0.10:70000', undefined],
    ['cart:80', undefined],
  ])('%s is %s', (text, id) => {
    const typed = typedDestination(text);
    expect(typed && destinationId(typed)).toBe(id);
  });
});

describe('an answer in words', () => {
  it('names the backends with their chances, and the way rule by rule', () => {
    const packet = explained(WEB, cart);
    expect(verdictWords(packet)).toBe('Goes to one of 3 backends of shop/cart.');
    expect(sourceSentences(packet)).toEqual([`The client’s address ${packet.explanation.source} is kept.`]);
    const rows = endRows(city, packet);
    expect(rows.map(({ name }) => name).every((name) => name.startsWith('cart-'))).toBe(true);
    expect(rows.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 6);
    const [first] = rows;
    expect(first && wayOf(packet.explanation, first.end).map(({ chain }) => chain)[0]).toBe('PREROUTING');
    const text = packetText(city, packet);
    for (const { name } of rows) expect(text).toContain(name);
    expect(text).toContain('-j DNAT --to-destination');
    expect(text.split('\n')[0]).toBe(
      `${sourceWords(city, WEB)} (${packet.explanation.source}) → ${cart.address} ${cart.port}/TCP`,
    );
  });

  it('is drawn from where the client stands over the junction to each pod', () => {
    const packet = explained(WEB, cart);
    const { legs } = trailOf(city, 'services', packet);
    expect(legs[0]).toEqual({ from: `pod:${WEB.uid}`, to: 'service:shop/cart', chance: 1 });
    expect(legs.slice(1).map(({ from }) => from)).toEqual(legs.slice(1).map(() => 'service:shop/cart'));
    expect(legs.slice(1).every(({ to }) => city.pod.has(to.replace('pod:', '')))).toBe(true);
    expect(legs.slice(1).reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 6);
    const node = explained({ kind: 'node', node: 'node-a' }, cart);
    expect(trailOf(city, 'services', node).legs[0]?.from).toBe('gate:nodes');
    expect(trailOf(city, 'nodes', node).legs[0]?.from).toBe('node:node-a');
    expect(sourceSentences(node)).toEqual(['The backend sees an address of node-a.']);
  });

  it('says what drops, and draws no way to a backend', () => {
    const door = packetDestinations(city).find(({ detail }) => detail.endsWith('load balancer'))?.value;
    if (!door) throw new Error('no load balancer');
    const packet = explained({ kind: 'outside', address: '192.0.2.7', node: 'node-a' }, door);
    expect(verdictWords(packet)).toBe('Is dropped without a word.');
    expect(packet.explanation.ends).toMatchObject([{ refusal: 'source-range' }]);
    expect(trailOf(city, 'services', packet).legs.map(({ to }) => to)).toEqual(['service:shop/web']);
  });

  it('does not claim what is not ours', () => {
    const packet = explained(WEB, { address: '10.244.9.9', port: 80, protocol: 'TCP' });
    expect(verdictWords(packet)).toBe('No rule of Kubecity on node-b decides.');
    expect(caveatsOf(packet).join(' ')).toContain('kube-proxy’s or the CNI’s');
    expect(trailOf(city, 'services', packet).legs).toEqual([]);
    const node = [...city.node.values()].find(({ name }) => name === 'node-c');
    const other = explained(WEB, { address: node?.addresses[0] ?? '', port: 30_080, protocol: 'TCP' });
    expect(decidedAt(city, other)).toBe('node-c');
    expect(decidedAt(city, packet)).toBeUndefined();
    expect(decidedAt(city, { ...other, node: 'node-c' })).toBeUndefined();
  });
});

it('a Service that has no such port is named with those that it has', () => {
  const packet = explained(WEB, { ...cart, port: 9999 });
  expect(reasonWords(city, packet)).toBe(
    `${cart.address} is of shop/cart, which has no port 9999/TCP, but ${cart.port}/TCP.`,
  );
  expect(packetText(city, packet)).toContain('which has no port 9999/TCP');
  expect(reasonWords(city, explained(WEB, cart))).toBeUndefined();
});

describe('what else is to be known', () => {
  const packet = explained(WEB, cart);
  const end = packet.explanation.ends[0] as ExplainedEnd;
  const changed = (change: Partial<Explanation>): ExplainedPacket => ({
    ...packet,
    explanation: { ...packet.explanation, ...change },
  });

  it('affinity, rules that are not known, rules of others, a policy to drop, and what is summed', () => {
    expect(caveatsOf(changed({ sets: 3 })).join(' ')).toContain('chance decides once');
    const held = changed({ sets: 3, ends: [{ ...end, chance: 1, held: true }] });
    expect(verdictWords(held)).toBe('Goes to the backend of shop/cart that holds this client.');
    expect(caveatsOf(held).join(' ')).toContain('holds this client');
    const strange = { table: 'nat', chain: 'CITY-A', rule: '-j LOG', why: 'walk: LOG' } as const;
    expect(caveatsOf(changed({ unknown: [strange] }))[0]).toContain('1 rule on the way is not known');
    expect(packetText(city, changed({ unknown: [strange] }))).toContain('not known: nat -A CITY-A -j LOG');
    const hook = { table: 'filter', chain: 'FORWARD', policy: 'DROP', before: 1, after: 2 } as const;
    expect(caveatsOf(changed({ others: [hook] }))).toEqual([
      '3 rules of others in FORWARD (filter) of node-b, 1 of them before ours: not walked.',
      'FORWARD (filter) drops what no rule there lets through.',
    ]);
    const many = changed({ rest: { ends: 4800, chance: 0.9 } });
    expect(verdictWords(many)).toBe('Goes to one of 4,803 backends of shop/cart.');
    expect(packetText(city, many)).toContain('4,800 others together');
  });

  it('who refuses at the pod’s own node, where no rule of this one decides', () => {
    const open = { verdict: 'open', policies: [], by: [] } as const;
    const closed = { pod: 'shop/cart-1', verdict: 'refused', policies: ['shop/only-web'], by: [] } as const;
    const isolation = { allowed: false, egress: open, ingress: closed } as unknown as NonNullable<
      ExplainedEnd['isolation']
    >;
    const refused = changed({ ends: [{ ...end, kind: 'none', to: undefined, chance: 1, isolation }] });
    expect(verdictWords(refused)).toBe('Is refused by network policies.');
    expect(endRows(city, refused)).toMatchObject([{ name: 'refused by policy', detail: 'shop/only-web' }]);
    // On its own node the rules refuse, behind DNAT: the backend is known.
    const here = changed({ ends: [{ ...end, kind: 'reject', chance: 1, isolation }] });
    expect(endRows(city, here)).toMatchObject([
      { name: endRows(city, packet)[0]?.name, detail: expect.stringMatching(/^refused by shop\/only-web · .*node-/) },
    ]);
    expect(caveatsOf(refused).join(' ')).not.toContain('Where no rule of ours decides');
  });

  it('a source that is rewritten in some cases only', () => {
    const [one, ...others] = packet.explanation.ends as [ExplainedEnd, ...ExplainedEnd[]];
    const some = changed({ ends: [{ ...one, chance: 0.25, rewriting: 'itself' }, ...others] });
    expect(sourceSentences(some)[0]).toMatch(/^In 25 % of cases, the client’s address is rewritten/);
  });

  it('an agent that is too old, and one that has another reason', () => {
    const refused = (message: string) => ({ code: 'invalid-request' as const, message });
    expect(refusedWords('node-a', refused('kind: Invalid input'))).toContain('too old');
    expect(refusedWords('node-a', refused('source: not an address: x'))).toBe(
      'node-a cannot say: source: not an address: x',
    );
  });
});
