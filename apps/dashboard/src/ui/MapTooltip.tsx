'use client';
import type { CityRecord } from '@kubecity/protocol';
import { flawsOf, measuringOf, silentNodes } from '../city/coverage.ts';
import { age, count, plural, rate, size, span } from '../city/format.ts';
import type { Survey } from '../city/survey.ts';
import { bytesPerSecond, NO_TRAFFIC, open, stale, type Traffic } from '../city/traffic.ts';
import type { Point } from '../map/geometry.ts';
import type { Hit } from '../map/hit.ts';
import type { Scene } from '../map/scene.ts';
import { placeName } from './place-name.ts';

interface Props {
  readonly hit: Hit;
  readonly at: Point;
  readonly scene: Scene;
  readonly survey: Survey;
  /** Unix ms by the hub's clock. */
  readonly now: number;
}

/** Figures of what lies under the pointer. */
export function MapTooltip({ hit, at, scene, survey, now }: Props) {
  const card = describe(hit, scene, survey, now);
  if (!card) return null;
  return (
    <div
      className="pointer-events-none absolute z-10 w-max max-w-72 rounded-[10px] border border-line bg-panel px-3 py-2 shadow-cast"
      style={{ left: at.x, top: at.y, transform: `translate(${at.x > 500 ? 'calc(-100% - 14px)' : '14px'}, 12px)` }}
      role="tooltip"
    >
      <p className={card.code ? 'code font-semibold' : 'font-semibold'}>{card.title}</p>
      {card.lines.map((line) => (
        <p key={line} className="text-sm text-soft">
          {line}
        </p>
      ))}
    </div>
  );
}

interface Card {
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

function describe(hit: Hit, scene: Scene, survey: Survey, now: number): Card | undefined {
  const { city, sums } = survey;
  const bare = hit.id.replace(/^[a-z]+:/, '');
  if (hit.kind === 'junction') {
    const stands = survey.stands.get(bare) ?? [];
    const silent = silentNodes(city);
    const atLeast = silent.length === 0 ? [] : [`at least: ${plural(silent.length, 'agent')} silent`];
    return {
      title: bare,
      lines: [plural(stands.length, 'backend'), ...figures(sums.byService.get(bare) ?? NO_TRAFFIC), ...atLeast],
    };
  }
  if (hit.kind === 'building') {
    const node = city.node.get(bare);
    const measured = node ? measuredLines(node, now) : [];
    const lines = [node?.zone ?? 'no zone', ...figures(sums.byNode.get(bare) ?? NO_TRAFFIC), ...measured];
    return { title: bare, lines };
  }
  if (hit.kind === 'house') return describeHouse(hit.id, scene, survey);
  if (hit.kind === 'gate') {
    const gate = scene.gates.find(({ id }) => id === hit.id);
    return gate && { title: gate.label, lines: [`${rate(gate.rate)} new conn/s come in here`] };
  }
  if (hit.kind !== 'road') return undefined;
  const road = scene.roads.find(({ id }) => id === hit.id);
  if (!road) return undefined;
  const both = road.backRate > 0 ? [`${rate(road.backRate)}/s on to backends there`] : [];
  return {
    title: `${placeName(survey, road.from)} → ${placeName(survey, road.to)}`,
    lines: [
      ...(road.direct ? ['direct, past every Service'] : []),
      `${rate(road.rate)} new conn/s`,
      ...both,
      ...(road.refused > 0 ? [`${rate(road.refused)} refused/s`] : []),
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
  const sign = house.sign === 'weighted' ? `weight ${house.weight}` : SIGN_WORDS[house.sign];
  return {
    title: house.label,
    code: true,
    lines: [
      ...(place === '' ? [] : [place]),
      ...(sign === '' ? [] : [sign]),
      ...(into ? [`in: ${figures(into)[0]}`] : []),
      ...(direct ? [`of these ${rate(direct.openedPerSecond)}/s direct, past every Service`] : []),
      ...(out ? [`out: ${figures(out)[0]}`] : []),
      ...(into || out ? [] : ['no traffic']),
    ],
  };
}
