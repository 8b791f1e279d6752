import { rate } from '../../city/format.ts';
import type { Rect } from '../geometry.ts';
import { overlap } from '../geometry.ts';
import type { StageView } from '../show.ts';
import { drawPicture, type Picture, sizeOf } from './picture.ts';
import { type Measure, SvgPen } from './svg-pen.ts';
import { attributes, escaped, round } from './xml.ts';

/** The picture as the text of an SVG file: the same colours, signs and words as on the screen, and no script. */
export function svgOf(picture: Picture, measure: Measure): string {
  const pen = new SvgPen(measure);
  drawPicture(pen, picture, 1);
  const { width, height } = sizeOf(picture);
  const root = attributes({
    xmlns: 'http://www.w3.org/2000/svg',
    width: round(width),
    height: round(height),
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    role: 'img',
  });
  return [
    `<svg${root}>`,
    `<title>${escaped(picture.caption[0] ?? 'Kubecity')}</title>`,
    `<desc>${escaped(picture.caption.slice(1).join('. '))}</desc>`,
    pen.body,
    namesOf(picture.view),
    '</svg>\n',
  ].join('\n');
}

/** What everything is called, for the pointer and for programs: also of what has no room for a label. */
function namesOf({ scene, zoom, offset, width, height }: StageView): string {
  const view = { x: -offset.x / zoom, y: -offset.y / zoom, width: width / zoom, height: height / zoom };
  const names = [
    ...scene.districts.map(({ id, label, rect }) => ({ kind: 'district', id, words: label, rect })),
    ...scene.buildings.map(({ id, node, rect, rate: perSecond }) => {
      return { kind: 'node', id, words: `${node}: ${rate(perSecond)} new conn/s`, rect };
    }),
    ...scene.yards.map(({ id, label, rect }) => ({ kind: 'yard', id, words: label, rect })),
    ...scene.junctions.map(({ id, service, rate: perSecond, x, y, radius }) => {
      return { kind: 'service', id, words: `${service}: ${rate(perSecond)} new conn/s`, rect: squareAt(x, y, radius) };
    }),
    ...scene.houses.map(({ id, label, sign, x, y, size }) => {
      return { kind: 'pod', id, words: sign === 'plain' ? label : `${label}: ${sign}`, rect: squareAt(x, y, size / 2) };
    }),
    ...scene.gates.map(({ id, label, rate: perSecond, x, y }) => {
      return { kind: 'gate', id, words: `${label}: ${rate(perSecond)} new conn/s`, rect: squareAt(x, y, 19) };
    }),
  ];
  const lines = names.filter(({ rect }) => overlap(rect, view)).map(nameOf);
  const transform = `matrix(${[zoom, 0, 0, zoom, offset.x, offset.y].map(round).join(' ')})`;
  return `<g${attributes({ id: 'names', fill: '#000000', 'fill-opacity': 0, transform })}>\n${lines.join('\n')}\n</g>`;
}

const squareAt = (x: number, y: number, reach: number): Rect => ({
  x: x - reach,
  y: y - reach,
  width: 2 * reach,
  height: 2 * reach,
});

interface Name {
  readonly kind: string;
  readonly id: string;
  readonly words: string;
  readonly rect: Rect;
}

const nameOf = ({ kind, id, words, rect: { x, y, width, height } }: Name): string =>
  `<rect${attributes({ 'data-kind': kind, 'data-id': id, x: round(x), y: round(y), width: round(width), height: round(height) })}><title>${escaped(words)}</title></rect>`;
