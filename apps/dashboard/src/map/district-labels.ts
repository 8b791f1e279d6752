import { plural } from '../city/format.ts';
import { type Brush, presence } from './brush.ts';
import type { Label } from './labels.ts';
import { type District, type Scene, told } from './scene.ts';
import { PLAIN, type Project, signLabels, tellingOf } from './telling.ts';
import { measure } from './write-label.ts';

/** The name of a district in its corner; of one that is drawn as a block in its middle, with what is folded into it. */
export function districtLabels(brush: Brush, scene: Scene, district: District, project: Project): Label[] {
  if (district.label === '') return [];
  return district.closed ? blockLabels(brush, scene, district, project) : [cornerLabel(brush, district, project)];
}

function cornerLabel({ zoom }: Brush, { label, rect, shape, folded }: District, project: Project): Label {
  const more = folded?.services ? ` · ${plural(folded.services, 'Service')} folded` : '';
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
  const under = more === '' ? undefined : more.slice(3);
  return { ...PLAIN, text, under, places, size: 11, priority: 40, weight: 600, tone: 'soft' };
}

function blockLabels(brush: Brush, scene: Scene, district: District, project: Project): Label[] {
  const { rect, folded } = district;
  const middle = project({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });
  const room = rect.width * brush.zoom - 12;
  const dim = presence(brush, district.id, 0) === 0;
  const words = { size: 11, weight: 600 };
  const fits = (text: string, under?: string) => measure(brush, { ...words, text, under }) <= room;
  const name = [district.label.toUpperCase(), district.label, short(district.label, room)].find((text) => fits(text));
  const telling = tellingOf(scene, district);
  const parts = [
    [count(folded?.nodes, 'node'), count(folded?.services, 'Service'), count(folded?.pods, 'pod'), telling],
    [count(folded?.pods, 'pod'), telling],
    [telling || count(folded?.pods, 'pod')],
  ];
  const under = parts.map((one) => one.filter(Boolean).join(' · ')).find((text) => fits('', text));
  const corner = project({ x: rect.x + rect.width, y: rect.y });
  const at = [
    { x: corner.x - 22, y: corner.y + 14 },
    { x: middle.x, y: middle.y + 24 },
  ];
  const signs = signLabels(folded, at, dim);
  if (name === undefined) return signs;
  const weight = Math.min(30, Math.log2(1 + told(scene.metric, district)) * 3);
  return [
    { ...PLAIN, ...words, text: name, under, places: [middle], priority: 60 + weight, halo: true, dim },
    ...signs,
  ];
}

const count = (n: number | undefined, one: string): string => (n ? plural(n, one) : '');

/** The beginning of a name that is too long for its block. */
const short = (name: string, room: number): string => `${name.slice(0, Math.max(3, Math.floor(room / 7) - 1))}…`;
