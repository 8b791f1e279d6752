import { age, rate } from '../city/format.ts';
import { type Brush, chosen, presence } from './brush.ts';
import type { Point, Rect } from './geometry.ts';
import { type Label, type PlacedLabel, placeLabels } from './labels.ts';
import { houseDistance } from './ring.ts';
import type { Building, District, Gate, House, Junction, Scene, Yard } from './scene.ts';

type Project = (point: Point) => Point;

/** All words of the map, in screen pixels: they keep a readable size at every zoom and never cover each other. */
export function drawLabels(brush: Brush, scene: Scene, project: Project): void {
  const { zoom } = brush;
  const labels = [
    ...scene.districts.map((district) => districtLabel(district, project, zoom)),
    ...scene.buildings.flatMap((building) => buildingLabels(brush, building, project)),
    ...scene.junctions.map((junction) => junctionLabel(brush, scene, junction, project)),
    ...scene.yards.map((yard) => yardLabel(brush, yard, project)),
    ...scene.gates.map((gate) => gateLabel(brush, gate, project)),
    ...scene.houses.flatMap((house) => houseLabels(brush, house, project)),
  ];
  const taken = scene.lens === 'services' ? scene.houses.map((house) => boxOf(house, project, zoom)) : [];
  for (const label of placeLabels(labels, (wanted) => measure(brush, wanted), taken)) write(brush, label);
}

function boxOf({ x, y, size }: House, project: Project, zoom: number): Rect {
  const at = project({ x: x - size / 2, y: y - size / 2 });
  return { ...at, width: size * zoom, height: size * zoom };
}

const scaled = (zoom: number, base: number): number => Math.min(base * 1.35, Math.max(base * 0.86, base * zoom));

function districtLabel({ label, rect, shape }: District, project: Project, zoom: number): Label {
  const text = label.toUpperCase();
  const place = (dx: number, dy: number) => {
    const { x, y } = project({ x: rect.x, y: rect.y });
    return { x: x + dx + text.length * 4.6, y: y + dy };
  };
  const edge = shape === 'zone' ? 24 : 38;
  const places = [
    place(edge * zoom + 6, edge * zoom + 4),
    place(edge * zoom + 6, (rect.height - edge) * zoom - 4),
    place((rect.width - edge) * zoom - text.length * 9.2 - 6, edge * zoom + 4),
  ];
  return { ...PLAIN, text, places, size: 11, priority: 40, weight: 600, tone: 'soft' };
}

const PLAIN = { weight: 500, tone: 'text', halo: false, dim: false } as const;

function buildingLabels(brush: Brush, building: Building, project: Project): Label[] {
  const { rect, state, silentSince } = building;
  const size = scaled(brush.zoom, 13);
  const dim = presence(brush, building.id, 0) === 0;
  const left = project({ x: rect.x + 16, y: rect.y + 23 });
  const right = project({ x: rect.x + rect.width - 16, y: rect.y + 23 });
  const name = building.node;
  const news =
    state === 'absent'
      ? 'no agent'
      : state === 'stale'
        ? `stale ${silentSince === undefined ? '' : age(brush.now - silentSince)}`
        : !building.ready
          ? 'not ready'
          : building.outOfSync
            ? 'out of sync'
            : `${rate(building.rate)} conn/s`;
  const wrong = state !== 'live' || !building.ready || building.outOfSync;
  const nameWidth = measure(brush, { text: name, size, weight: 650 });
  const newsWidth = measure(brush, { text: news, size: size - 1.5, weight: 500 });
  return [
    { ...PLAIN, text: name, places: [{ x: left.x + nameWidth / 2, y: left.y }], size, priority: 95, weight: 650, dim },
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

function junctionLabel(brush: Brush, scene: Scene, junction: Junction, project: Project): Label {
  const { zoom } = brush;
  const { x, y, radius } = junction;
  const at = project(junction);
  const size = scaled(zoom, scene.lens === 'nodes' ? 12 : 13);
  const lit = chosen(brush, junction.id) || brush.hovered === junction.id;
  const houses = scene.lens === 'services' ? junction.segments.length : 0;
  const out = houses > 0 ? houseDistance(0, houses) + 16 : radius + 6;
  const below = project({ x, y: y + out });
  const above = project({ x, y: y - out });
  const gap = size * 1.1;
  const tight = project({ x, y: y + radius + 9 });
  const places = [
    ...(scene.lens === 'services' ? [at] : []),
    { x: tight.x, y: tight.y + gap * 0.8 },
    { x: below.x, y: below.y + gap },
    { x: above.x, y: above.y - gap },
  ];
  return {
    ...PLAIN,
    text: junction.label,
    // A quiet Service has no number: figures are for what moves.
    under: scene.lens === 'services' && junction.rate > 0 ? `${rate(junction.rate)}/s` : undefined,
    places,
    size,
    priority: (lit ? 200 : 60) + Math.min(30, Math.log2(1 + junction.rate) * 3),
    weight: 650,
    halo: scene.lens === 'nodes',
    dim: presence(brush, junction.id, 0) === 0,
    within: scene.lens === 'services' ? (radius - 5) * 2 * zoom : undefined,
  };
}

function gateLabel(brush: Brush, gate: Gate, project: Project): Label {
  const at = project({ x: gate.x, y: gate.y + 22 });
  return {
    ...PLAIN,
    text: gate.label,
    under: `${rate(gate.rate)}/s`,
    places: [{ x: at.x, y: at.y + 15 }],
    size: scaled(brush.zoom, 12),
    priority: 58,
    tone: 'soft',
    dim: presence(brush, gate.id, 0) === 0,
  };
}

function yardLabel(brush: Brush, { id, label, rect }: Yard, project: Project): Label {
  const below = project({ x: rect.x + rect.width / 2, y: rect.y + rect.height });
  const above = project({ x: rect.x + rect.width / 2, y: rect.y });
  const size = scaled(brush.zoom, 12);
  const places = [
    { x: below.x, y: below.y + size },
    { x: above.x, y: above.y - size },
  ];
  return {
    ...PLAIN,
    text: label,
    places,
    size,
    priority: 50,
    tone: 'soft',
    halo: true,
    dim: presence(brush, id, 0) === 0,
  };
}

/** The number of a reweighted house always; names of pods when near enough to read, or chosen. */
function houseLabels(brush: Brush, house: House, project: Project): Label[] {
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
      text: String(house.weight),
      places,
      size: 11,
      priority: 90,
      weight: 700,
      tone: inside ? 'text' : 'weight',
      halo: true,
      dim,
    });
  }
  const lit = chosen(brush, house.id);
  if (lit || (zoom > 1.9 && house.hue === undefined)) {
    const places = [
      { x: at.x, y: at.y + half + 11 },
      { x: at.x, y: at.y - half - 11 },
    ];
    labels.push({
      ...PLAIN,
      text: house.label,
      places,
      size: 11,
      priority: lit ? 180 : 20,
      tone: 'soft',
      halo: true,
      dim,
    });
  }
  return labels;
}

const fontOf = ({ size, weight }: Pick<Label, 'size' | 'weight'>): string =>
  `${weight} ${size}px "Inter Variable", sans-serif`;

function measure({ context }: Brush, label: Pick<Label, 'text' | 'under' | 'size' | 'weight'>): number {
  context.font = fontOf(label);
  context.letterSpacing = spacing(label.text);
  const width = context.measureText(label.text).width;
  if (label.under === undefined) return width;
  context.letterSpacing = '0px';
  context.font = fontOf({ size: label.size * 0.86, weight: 450 });
  return Math.max(width, context.measureText(label.under).width);
}

/** Districts are written in spaced capitals. */
const spacing = (text: string): string =>
  text.length > 1 && /[A-Z]/.test(text) && text === text.toUpperCase() ? '2px' : '0px';

function write(brush: Brush, label: PlacedLabel): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = label.dim ? 0.45 : 1;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const y = label.under === undefined ? label.y : label.y - label.size * 0.52;
  const line = (text: string, at: number, colour: string) => {
    if (label.halo) {
      context.strokeStyle = palette.ground;
      context.lineWidth = 3.5;
      context.lineJoin = 'round';
      context.strokeText(text, label.x, at);
    }
    context.fillStyle = colour;
    context.fillText(text, label.x, at);
  };
  context.font = fontOf(label);
  context.letterSpacing = spacing(label.text);
  line(label.text, y, palette[label.tone]);
  if (label.under !== undefined) {
    context.letterSpacing = '0px';
    context.font = fontOf({ size: label.size * 0.86, weight: 450 });
    line(label.under, y + label.size * 1.12, palette.soft);
  }
  context.restore();
}
