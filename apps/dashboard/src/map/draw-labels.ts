import { age, percent, plural, rate } from '../city/format.ts';
import type { Slices } from '../city/slices.ts';
import { type Brush, chosen, grainOf, isSeen, presence } from './brush.ts';
import { districtLabels } from './district-labels.ts';
import { fenceOf } from './draw-gates.ts';
import { inset, overlap, type Point, type Rect } from './geometry.ts';
import { type Label, type PlacedLabel, placeLabels } from './labels.ts';
import { groundAround } from './levels.ts';
import { houseDistance } from './ring.ts';
import type { Building, Gate, House, Junction, Scene, Yard } from './scene.ts';
import { asideLabels, barredLabels, closedLabels, PLAIN, type Project, signLabels, tellingOf } from './telling.ts';
import { measure, write } from './write-label.ts';

/** All words of the map, in screen pixels: they keep a readable size at every zoom and never cover each other. */
export function* placeWords(brush: Brush, scene: Scene, project: Project): Slices<readonly PlacedLabel[]> {
  const near = <T extends Point>(things: readonly T[], reach: number) =>
    things.filter((thing) => isSeen(brush, groundAround(thing, reach)));
  const over = <T extends { readonly rect: Rect }>(things: readonly T[]) =>
    things.filter(({ rect }) => isSeen(brush, rect));
  const houses = near(scene.houses, 40);
  const junctions = new Map(scene.junctions.map((junction) => [junction.id, junction]));
  const labels: Label[] = [];
  const kinds: readonly (() => readonly Label[])[] = [
    () => over(scene.districts).flatMap((one) => districtLabels(brush, scene, one, project)),
    () => over(scene.buildings).flatMap((one) => buildingLabels(brush, scene, one, project)),
    () => near(scene.junctions, 90).flatMap((junction) => junctionLabels(brush, scene, junction, project)),
    () => over(scene.yards).flatMap((yard) => yardLabels(brush, yard, project)),
    () => scene.gates.map((gate) => gateLabel(brush, scene, gate, project)),
    () => houses.flatMap((house) => houseLabels(brush, house, project, junctions.get(house.at ?? ''))),
    () => asideLabels(brush, scene, project),
    () => barredLabels(brush, scene, project),
  ];
  for (const kind of kinds) {
    labels.push(...kind());
    yield;
  }
  const taken = houses.map((house) => boxOf(house, project, brush.zoom));
  return placeLabels(labels, (wanted) => measure(brush, wanted), taken);
}

/** Those of them that touch this part of the screen. */
export function writeWords(brush: Brush, words: readonly PlacedLabel[], part?: Rect): void {
  for (const word of words) if (!part || overlap(boxOfWord(word), part)) write(brush, word);
}

/** All that a word covers of the screen. */
export const boxOfWord = ({ box }: PlacedLabel): Rect => inset(box, -OUTLINE);

/** How far the outline of a word reaches beyond its box, pixels. */
const OUTLINE = 4;

function boxOf({ x, y, size }: House, project: Project, zoom: number): Rect {
  const at = project({ x: x - size / 2, y: y - size / 2 });
  return { ...at, width: size * zoom, height: size * zoom };
}

const scaled = (zoom: number, base: number): number => Math.min(base * 1.35, Math.max(base * 0.86, base * zoom));

function buildingLabels(brush: Brush, scene: Scene, building: Building, project: Project): Label[] {
  if (building.folded) return foldedBuilding(brush, scene, building, project);
  const { rect } = building;
  const size = scaled(brush.zoom, 13);
  const dim = presence(brush, building.id, 0) === 0;
  const left = project({ x: rect.x + 16, y: rect.y + 23 });
  const right = project({ x: rect.x + rect.width - 16, y: rect.y + 23 });
  const name = building.node;
  const news = newsOf(brush, scene, building);
  const wrong = isWrong(building);
  const nameWidth = measure(brush, { text: name, size, weight: 650 });
  // From afar its rooms leave no line for a name: it then stands above the roof, or below.
  const [x, roof] = [left.x + nameWidth / 2, project(rect)];
  const newsWidth = measure(brush, { text: news, size: size - 1.5, weight: 500 });
  return [
    {
      ...PLAIN,
      text: name,
      places: [
        { x, y: left.y },
        { x, y: roof.y - size },
        { x, y: roof.y + rect.height * brush.zoom + size },
      ],
      size,
      priority: 95,
      weight: 650,
      dim,
    },
    {
      ...PLAIN,
      text: news,
      places: [{ x: right.x - newsWidth / 2, y: right.y }],
      size: size - 1.5,
      priority: 94,
      tone: wrong ? 'drain' : 'soft',
      dim,
    },
  ];
}

const isWrong = ({ state, ready, outOfSync }: Building): boolean => state !== 'live' || !ready || outOfSync;

/** What is to be said of a node: what is wrong, else its rate. */
function newsOf(brush: Brush, scene: Scene, building: Building): string {
  const { state, silentSince } = building;
  if (state === 'absent') return 'no agent';
  if (state === 'stale') return `stale ${silentSince === undefined ? '' : age(brush.now - silentSince)}`;
  if (!building.ready) return 'not ready';
  if (building.outOfSync) return 'out of sync';
  return scene.metric === 'bytes' ? tellingOf(scene, building) : `${rate(building.rate)} conn/s`;
}

/** Pixels that a name may reach over the walls of a small building, into the streets beside it. */
const STREET_SIDE = 14;

/** A building whose rooms are folded: name, number of pods and news in its middle. */
function foldedBuilding(brush: Brush, scene: Scene, building: Building, project: Project): Label[] {
  const { rect, folded } = building;
  const at = project({ x: rect.x + rect.width / 2, y: rect.y + rect.height * 0.42 });
  const dim = presence(brush, building.id, 0) === 0;
  const room = rect.width * brush.zoom - 6;
  const pods = plural(folded?.pods ?? 0, 'pod');
  const full = `${pods} · ${newsOf(brush, scene, building)}`;
  const words = { size: 12, weight: 650 };
  const under = measure(brush, { ...words, text: '', under: full }) <= room ? full : pods;
  const label = {
    ...PLAIN,
    ...words,
    text: building.node,
    under,
    places: [at],
    priority: 95,
    within: room + STREET_SIDE,
    dim,
  };
  const tone = isWrong(building) ? ('drain' as const) : PLAIN.tone;
  const corner = project({ x: rect.x + rect.width, y: rect.y });
  return [
    { ...label, tone },
    ...signLabels(
      folded,
      [
        { x: corner.x - 12, y: corner.y },
        { x: corner.x - 12, y: corner.y + 14 },
      ],
      dim,
    ),
    ...closedLabels(brush, folded, { places: [below(rect, 0.66, project), below(rect, 1.08, project)], room, dim }),
  ];
}

/** In the middle of a ground, so far down its height. */
const below = ({ x, y, width, height }: Rect, part: number, project: Project): Point =>
  project({ x: x + width / 2, y: y + height * part });

function junctionLabels(brush: Brush, scene: Scene, junction: Junction, project: Project): Label[] {
  const { zoom } = brush;
  const { x, y, radius } = junction;
  const at = project(junction);
  const size = scaled(zoom, scene.lens === 'nodes' ? 12 : 13);
  const lit = chosen(brush, junction.id);
  const { folded } = junction;
  const houses = scene.lens === 'services' ? junction.segments.length : 0;
  const out = houses > 0 && !folded ? houseDistance(0, houses) + 16 : radius + 6;
  const below = project({ x, y: y + out });
  const above = project({ x, y: y - out });
  const gap = size * 1.1;
  const tight = project({ x, y: y + radius + 9 });
  const places = [
    ...(scene.lens === 'services' && !folded ? [at] : []),
    { x: tight.x, y: tight.y + gap * 0.8 },
    { x: below.x, y: below.y + gap },
    { x: above.x, y: above.y - gap },
  ];
  // A quiet Service has no number: figures are for what moves.
  const telling = scene.lens === 'services' ? tellingOf(scene, junction) : '';
  const pods = folded ? plural(folded.pods, 'pod') : '';
  const under = [pods, telling].filter(Boolean).join(' · ') || undefined;
  const dim = presence(brush, junction.id, 0) === 0;
  const side = project({ x: x + radius * 0.8, y: y - radius * 0.8 });
  const label: Label = {
    ...PLAIN,
    text: junction.label,
    under,
    places,
    size,
    priority: (lit ? 200 : 60) + Math.min(30, Math.log2(1 + junction.rate) * 3),
    weight: 650,
    halo: scene.lens === 'nodes',
    dim,
    within: scene.lens === 'services' && !folded ? (radius - 5) * 2 * zoom : undefined,
  };
  return [
    label,
    ...signLabels(
      folded,
      [
        { x: side.x + 12, y: side.y - 6 },
        { x: side.x - 2 * radius * zoom, y: side.y },
      ],
      dim,
    ),
    ...closedLabels(brush, folded, {
      places: [
        { x: at.x - radius * zoom - 20, y: at.y + 0.7 * radius * zoom },
        { x: below.x, y: below.y + gap * 2.4 },
      ],
      room: 4 * radius * zoom,
      dim,
    }),
  ];
}

function gateLabel(brush: Brush, scene: Scene, gate: Gate, project: Project): Label {
  const at = project({ x: gate.x, y: gate.y + 22 * grainOf(brush) });
  return {
    ...PLAIN,
    text: gate.label,
    under: tellingOf(scene, gate) || '0/s',
    places: [{ x: at.x, y: at.y + 15 }],
    size: scaled(brush.zoom, 12),
    priority: 140,
    tone: 'soft',
    halo: true,
    dim: presence(brush, gate.id, 0) === 0,
  };
}

function yardLabels(brush: Brush, { id, label, rect, folded }: Yard, project: Project): Label[] {
  const [foot, head] = [below(rect, 1, project), below(rect, 0, project)];
  const size = scaled(brush.zoom, 12);
  const dim = presence(brush, id, 0) === 0;
  const places = [
    { x: foot.x, y: foot.y + size },
    { x: head.x, y: head.y - size },
  ];
  return [
    {
      ...PLAIN,
      text: label,
      under: folded ? plural(folded.pods, 'pod') : undefined,
      places,
      size,
      priority: 50,
      tone: 'soft',
      halo: true,
      dim,
    },
    ...closedLabels(brush, folded, { places: [below(rect, 0.5, project)], room: rect.width * brush.zoom, dim }),
  ];
}

/** The wished share of a reweighted house always; names of pods when near enough to read, or chosen. */
function houseLabels(brush: Brush, house: House, project: Project, junction: Junction | undefined): Label[] {
  const { zoom } = brush;
  const at = project(house);
  const half = (house.size / 2) * zoom;
  const dim = presence(brush, house.id, 0) === 0;
  const labels: Label[] = [];
  if (house.sign === 'weighted') {
    const inside = house.hue !== undefined;
    const places = inside
      ? [{ x: at.x, y: at.y + 5 * zoom }]
      : [
          { x: at.x, y: at.y - half - 9 },
          { x: at.x, y: at.y + half + 9 },
          { x: at.x + half + 14, y: at.y },
          { x: at.x - half - 14, y: at.y },
        ];
    labels.push({
      ...PLAIN,
      text: percent(house.wishedShare),
      places,
      size: 11,
      priority: 90,
      weight: 700,
      tone: inside ? 'text' : 'weight',
      halo: true,
      over: inside,
      dim,
    });
  }
  const lit = chosen(brush, house.id);
  if (lit || (zoom > 1.9 && house.hue === undefined)) {
    const below = { x: at.x, y: at.y + half + 11 };
    const above = { x: at.x, y: at.y - half - 11 };
    // The name would cover a gate on its side.
    const gateBelow = house.closed !== undefined && fenceOf(house, junction, zoom).at.y > house.y;
    labels.push({
      ...PLAIN,
      text: house.label,
      places: gateBelow ? [above, below] : [below, above],
      size: 11,
      priority: lit ? 180 : 20,
      tone: 'soft',
      halo: true,
      over: lit && house.hue !== undefined,
      dim,
    });
  }
  return labels;
}
