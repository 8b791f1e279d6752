import type { CityRecord } from '@kubecity/protocol';
import { flawsOf, measuringOf, silentNodes } from '../city/coverage.ts';
import { age, count, percent, plural, rate, size, span } from '../city/format.ts';
import { NO_ZONE } from '../city/lanes.ts';
import { policiesWords } from '../city/refusals.ts';
import type { Survey } from '../city/survey.ts';
import { bytesPerSecond, NO_TRAFFIC, open, stale, type Traffic } from '../city/traffic.ts';
import type { Hit } from '../map/hit.ts';
import type { Scene } from '../map/scene.ts';
import { placeName } from './place-name.ts';

/** What is said of a thing on the map: in the tooltip, and to a screen reader. */
export interface Card {
  readonly title: string;
  readonly code?: boolean;
  readonly lines: readonly string[];
}

function figures(traffic: Traffic): string[] {
  const lines = [
    `${rate(traffic.openedPerSecond)} new conn/s · ${count(open(traffic))} open · ${size(bytesPerSecond(traffic))}/s`,
  ];
  if (traffic.refusedPerSecond > 0) lines.push(`${rate(traffic.refusedPerSecond)} refused/s`);
  if (traffic.staleEdges > 0)
    lines.push(stale(traffic) ? 'stale: an agent is silent' : 'partly stale: an agent is silent');
  return lines;
}

export function describe(hit: Hit, scene: Scene, survey: Survey, now: number): Card | undefined {
  const { city, sums } = survey;
  const bare = hit.id.replace(/^[a-z]+:/, '');
  const aside = asideLines(scene, hit.id);
  if (hit.kind === 'junction') {
    const stands = survey.stands.get(bare) ?? [];
    const silent = silentNodes(city);
    const atLeast = silent.length === 0 ? [] : [`at least: ${plural(silent.length, 'agent')} silent`];
    return {
      title: bare,
      lines: [
        plural(stands.length, 'backend'),
        ...closedStands(survey, bare),
        ...figures(sums.byService.get(bare) ?? NO_TRAFFIC),
        ...atLeast,
        ...aside,
      ],
    };
  }
  if (hit.kind === 'building') {
    const node = city.node.get(bare);
    const measured = node ? measuredLines(node, now) : [];
    const lines = [
      node?.zone ?? NO_ZONE,
      ...podLines(scene, hit.id),
      ...figures(sums.byNode.get(bare) ?? NO_TRAFFIC),
      ...measured,
      ...aside,
    ];
    return { title: bare, lines };
  }
  if (hit.kind === 'house') return describeHouse(hit.id, scene, survey);
  if (hit.kind === 'gate') {
    const gate = scene.gates.find(({ id }) => id === hit.id);
    return (
      gate && {
        title: gate.label,
        lines: [`${rate(gate.rate)} new conn/s · ${size(gate.bytes)}/s come in here`, ...aside],
      }
    );
  }
  if (hit.kind === 'district') return describeDistrict(hit.id, scene, aside);
  if (hit.kind === 'barred') return describeBarred(hit.id, scene, survey, now);
  if (hit.kind !== 'road') return undefined;
  const road = scene.roads.find(({ id }) => id === hit.id);
  if (!road) return undefined;
  const both = road.backRate > 0 ? [`${rate(road.backRate)}/s on to backends there`] : [];
  return {
    title: `${placeName(survey, road.from)} → ${placeName(survey, road.to)}`,
    lines: [
      ...(road.direct ? ['direct, past every Service'] : []),
      `${rate(road.rate)} new conn/s · ${size(road.bytes)}/s`,
      ...both,
      ...(road.refused > 0 ? [`${rate(road.refused)} refused/s`] : []),
      ...(road.waiting > 0 ? [`${count(road.waiting)} without an answer yet`] : []),
      ...(road.stale ? ['stale: an agent is silent'] : []),
    ],
  };
}

/** Age, period and flaws of the figures that a node's agent tells. */
function measuredLines(node: CityRecord<'node'>, now: number): string[] {
  const measuring = measuringOf(node);
  const { at, periodMilliseconds: period } = measuring;
  const fresh = at === undefined || period === undefined ? [] : [`figures ${age(now - at)} old, every ${span(period)}`];
  return [...fresh, ...flawsOf(measuring)];
}

const SIGN_WORDS = {
  plain: '',
  draining: 'draining: no new connections',
  weighted: 'reweighted',
  unready: 'not ready',
  unknown: 'unknown: its node has no agent',
} as const;

function describeHouse(id: string, scene: Scene, survey: Survey): Card | undefined {
  const house = scene.houses.find((one) => one.id === id);
  if (!house) return undefined;
  const pod = survey.city.pod.get(house.podUid ?? '');
  const place = [pod?.namespace, pod?.node, pod?.ip].filter(Boolean).join(' · ');
  const into = survey.sums.intoPod.get(house.podUid ?? '');
  const direct = survey.sums.directIntoPod.get(house.podUid ?? '');
  const out = survey.sums.outOfPod.get(house.podUid ?? '');
  const sign = house.sign === 'weighted' ? `reweighted: ${percent(house.wishedShare)} wished` : SIGN_WORDS[house.sign];
  return {
    title: house.label,
    code: true,
    lines: [
      ...(place === '' ? [] : [place]),
      ...(sign === '' ? [] : [sign]),
      ...gateLines(pod),
      ...(into ? [`in: ${figures(into)[0]}`] : []),
      ...(direct ? [`of these ${rate(direct.openedPerSecond)}/s direct, past every Service`] : []),
      ...(out ? [`out: ${figures(out)[0]}`] : []),
      ...(into || out ? [] : ['no traffic']),
    ],
  };
}

/** Of a district drawn as one block: what is folded into it. An open one speaks for itself. */
function describeDistrict(id: string, scene: Scene, aside: readonly string[]): Card | undefined {
  const district = scene.districts.find((one) => one.id === id && one.closed && one.folded);
  if (!district?.folded) return undefined;
  const { nodes, services, pods, draining, weighted, unready, unknown, closed, problems } = district.folded;
  const parts = [
    ...(nodes > 0 ? [plural(nodes, 'node')] : []),
    ...(services > 0 ? [plural(services, 'Service')] : []),
    plural(pods, 'pod'),
  ];
  const signs = [
    ...(draining > 0 ? [`${count(draining)} draining`] : []),
    ...(weighted > 0 ? [`${count(weighted)} reweighted`] : []),
    ...(unready > 0 ? [`${count(unready)} not ready`] : []),
    ...(unknown > 0 ? [`${count(unknown)} unknown: no agent on their node`] : []),
    ...(closed > 0 ? [`${count(closed)} of ${plural(pods, 'pod')} closed by policy`] : []),
    ...(problems > 0 ? [`${count(problems)} with problems`] : []),
  ];
  return {
    title: district.label,
    lines: [
      parts.join(' · '),
      `${rate(district.rate)} new conn/s · ${size(district.bytes)}/s`,
      ...(signs.length > 0 ? [signs.join(' · ')] : []),
      ...(district.stale ? ['stale: all agents here are silent'] : []),
      ...aside,
    ],
  };
}

const podLines = (scene: Scene, id: string): string[] =>
  scene.buildings.flatMap(({ id: own, folded }) => {
    if (own !== id || !folded) return [];
    const { pods, closed } = folded;
    return [plural(pods, 'pod'), ...(closed > 0 ? [`${count(closed)} closed by policy`] : [])];
  });

/** Who closes a pod, per direction. */
function gateLines(pod: CityRecord<'pod'> | undefined): string[] {
  const { ingress, egress } = pod?.gates ?? {};
  const line = (words: string, policies: readonly string[] | undefined) =>
    policies ? [`${words} by ${policiesWords(policies, pod?.namespace)}`] : [];
  return [...line('closed to who comes', ingress), ...line('closed to where it goes', egress)];
}

function closedStands({ city, stands }: Survey, service: string): string[] {
  const own = stands.get(service) ?? [];
  const closed = own.filter(({ podUid }) => city.pod.get(podUid ?? '')?.gates?.ingress).length;
  if (closed === 0) return [];
  return [closed === own.length ? 'policies close all of them' : `policies close ${count(closed)} of them`];
}

function describeBarred(id: string, scene: Scene, survey: Survey, now: number): Card | undefined {
  const street = scene.barring.streets.find((one) => one.id === id);
  const last = street?.refusals[0]?.[1];
  if (!street || !last) return undefined;
  const ports = [...new Set(street.refusals.map(([, { port, protocol }]) => `${port}/${protocol}`))].slice(0, 3);
  return {
    title: `${placeName(survey, street.from)} ⊣ ${placeName(survey, street.to)}`,
    lines: [
      `refused by ${street.policies.length > 0 ? street.policies.slice(0, 3).join(', ') : 'no policy: nobody knows a pod there'}`,
      `${plural(street.refusals.length, 'pair')} at ${ports.join(', ')}, the last ${age(now - last.lastAt)} ago`,
    ],
  };
}

/** Traffic of this place that has no road of its own. */
function asideLines(scene: Scene, id: string): string[] {
  const within = scene.barring.within.get(id);
  const barred = within === undefined ? [] : [`${plural(within, 'pair')} refused by policy here`];
  const roads = scene.asides.flatMap(({ at, kind, streets, rate: opened, bytes }) => {
    if (at !== id || (opened === 0 && bytes === 0)) return [];
    const told = `${rate(opened)} new conn/s · ${size(bytes)}/s`;
    if (kind === 'more') return [`and on ${plural(streets, 'quieter street')}: ${told}`];
    return [kind === 'within' ? `within: ${told}` : `to what is not on the map: ${told}`];
  });
  return [...barred, ...roads];
}
