import { plural } from '../city/format.ts';
import { type Brush, presence } from './brush.ts';
import { type Label, SMALLEST } from './labels.ts';
import { type District, type Scene, told } from './scene.ts';
import { closedLabels, PLAIN, type Project, signLabels, tellingOf } from './telling.ts';
import { measure } from './write-label.ts';

/** The name of a district in its corner; of one that is drawn as a block in its middle, with what is folded into it. */
export function districtLabels(brush: Brush, scene: Scene, district: District, project: Project): Label[] {
  if (district.label === '') return [];
  return district.closed ? blockLabels(brush, scene, district, project) : cornerLabels(brush, scene, district, project);
}

/** So many pixels from one name to the next of a district that is broader: its corner may be far from the screen. */
const AGAIN = 900;
/** Pixels for a unit of the world. */
const LOW = 0.45;

function cornerLabels({ zoom }: Brush, scene: Scene, district: District, project: Project): Label[] {
  const { id, label, rect, shape, folded } = district;
  // Of an open namespace every street is drawn.
  const inside = shape === 'zone' && scene.asides.find(({ at, kind }) => at === id && kind === 'within');
  const within = inside ? tellingOf(scene, inside) : '';
  const parts = [within && `${within} within`, folded?.services && `${plural(folded.services, 'Service')} folded`];
  const more = parts.filter(Boolean).join(' · ');
  // From afar the street before the first buildings has room for one line.
  const low = shape === 'zone' && zoom < LOW;
  const text = [label.toUpperCase(), ...(low && more ? [more] : [])].join(' · ');
  const under = low || more === '' ? undefined : more;
  const corner = project(rect);
  const [half, edge] = [text.length * (text === text.toUpperCase() ? 4.6 : 3), (shape === 'zone' ? 24 : 38) * zoom];
  const left = corner.x + edge + 6 + half;
  const top = corner.y + edge + 4;
  const foot = corner.y + rect.height * zoom - edge - 4;
  const right = corner.x + rect.width * zoom - edge - 6 - half;
  const times = 1 + Math.floor((right - left) / AGAIN);
  return Array.from({ length: times }, (_, i) => {
    const x = left + i * AGAIN;
    const places = [{ x, y: top }, { x, y: foot }, ...(times === 1 ? [{ x: right, y: top }] : [])];
    return { ...PLAIN, text, under, places, size: 11, priority: 40, weight: 600, tone: 'soft', plate: true };
  });
}

function blockLabels(brush: Brush, scene: Scene, district: District, project: Project): Label[] {
  const { rect, folded } = district;
  const middle = project({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });
  const room = rect.width * brush.zoom - 12;
  const dim = presence(brush, district.id, 0) === 0;
  const words = { size: 11, weight: 600 };
  const fits = (text: string, under?: string) => measure(brush, { ...words, text, under }) <= room;
  const fitsSmall = (text: string) => measure(brush, { ...words, size: SMALLEST, text }) <= room;
  // Many parcels beside each other are written alike, whatever room each of them has.
  const full = district.shape === 'zone' ? district.label.toUpperCase() : district.label;
  const name = [full, short(district.label, room)].find(fitsSmall);
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
  const signs = [
    ...signLabels(folded, at, dim),
    ...closedLabels(brush, folded, {
      places: [
        { x: middle.x, y: middle.y + 26 },
        { x: middle.x, y: middle.y - 24 },
      ],
      room,
      dim,
    }),
  ];
  if (name === undefined) return signs;
  // Below a sign that stands where the block is narrow.
  const names = [0, 9, 17].map((down) => ({ x: middle.x, y: middle.y + down }));
  const weight = Math.min(30, Math.log2(1 + told(scene.metric, district)) * 3);
  return [
    {
      ...PLAIN,
      ...words,
      text: name,
      under,
      places: names,
      within: room,
      priority: 60 + weight,
      halo: true,
      plate: true,
      dim,
    },
    ...signs,
  ];
}

const count = (n: number | undefined, one: string): string => (n ? plural(n, one) : '');

/** Both ends of a name that is too long for its block: those of one family often differ in their last letters. */
function short(name: string, room: number): string {
  const letters = Math.max(3, Math.floor(room / 6.4) - 1);
  const head = Math.ceil(letters / 2);
  return `${name.slice(0, head)}…${name.slice(name.length - letters + head)}`;
}
