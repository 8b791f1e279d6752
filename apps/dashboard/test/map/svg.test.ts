import { describe, expect, it } from 'vitest';
import { emphasize } from '../../src/map/emphasis.ts';
import { EVERYWHERE } from '../../src/map/levels.ts';
import type { Palette } from '../../src/map/palette.ts';
import { EMPTY_SERVICES_PLAN } from '../../src/map/plan-services.ts';
import { plotsOf } from '../../src/map/scene-services.ts';
import type { StageView } from '../../src/map/show.ts';
import { colourOf } from '../../src/map/svg/colour.ts';
import { svgOf } from '../../src/map/svg/svg.ts';
import { SvgPen } from '../../src/map/svg/svg-pen.ts';
import { escaped } from '../../src/map/svg/xml.ts';
import { ALL_OF_IT } from '../../src/map/wanted.ts';
import { linksOf, planServices, sceneOfServices } from './at-once.ts';
import { cityOf } from './city-of.ts';
import { nodesLens } from './lenses.ts';

const measure = (text: string, font: string) => text.length * 0.55 * Number(/([\d.]+)px/.exec(font)?.[1]);
const palette = new Proxy({ hues: ['#4f86e8'] }, { get: (own, key) => (key === 'hues' ? own.hues : '#336699') });

function viewOf(change: Partial<StageView> = {}): StageView {
  const survey = cityOf(5, (toy) => toy.drain([...backendsOf(toy)][0] as string, 1_700_000_000_000));
  const scene = sceneOfServices(survey, planServices(plotsOf(survey), linksOf(survey), EMPTY_SERVICES_PLAN));
  const { bounds } = scene;
  return {
    scene,
    now: 1_700_000_000_000,
    night: true,
    palette: palette as unknown as Palette,
    emphasis: emphasize(scene, survey, { kind: 'service', id: 'shop/cart' }),
    zoom: 1,
    offset: { x: -bounds.x, y: -bounds.y },
    width: bounds.width,
    height: bounds.height,
    ...change,
  };
}

const backendsOf = (toy: { snapshot(now: number): readonly unknown[] }) =>
  (toy.snapshot(1_700_000_000_000) as [string, string, string][]).flatMap(([, kind, id]) =>
    kind === 'backend' ? [id] : [],
  );

/** Opened and closed tags of XML text; throws at what is not well formed as far as brackets go. */
function tagsOf(xml: string): readonly string[] {
  const open: string[] = [];
  const names: string[] = [];
  for (const [, close, name = '', , alone] of xml.matchAll(/<(\/?)([A-Za-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else {
      names.push(name);
      if (!alone) open.push(name);
    }
  }
  expect(open).toEqual([]);
  // Nothing is left of it but text: every other bracket would be a mistake.
  expect(xml.replace(/<\/?[A-Za-z]+(?: [\w:-]+="[^"<]*")*\/?>/g, '')).not.toMatch(/[<>]/);
  return names;
}

describe('svgOf', () => {
  const view = viewOf();
  const caption = ['shop-prod & <friends>', 'As of now'];
  const svg = svgOf({ view, caption }, measure);

  it('is well formed, has its caption, and no script or address to fetch', () => {
    expect(tagsOf(svg)).not.toContain('script');
    expect(svg).not.toMatch(/href=|<foreignObject|on\w+="|@import/i);
    expect(svg).toContain('shop-prod &amp; &lt;friends&gt;');
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
  });

  it('counts one folded pod as one', () => {
    const survey = cityOf(5);
    const plan = planServices(plotsOf(survey), linksOf(survey), EMPTY_SERVICES_PLAN);
    const focus = { ...EVERYWHERE, level: 'district' } as const;
    const scene = sceneOfServices(survey, plan, { ...ALL_OF_IT, focus });
    const far = svgOf({ view: viewOf({ scene, zoom: 0.9 }), caption }, measure);
    expect(far).toMatch(/>1 pod[ <]/);
    expect(far).not.toContain('>1 pods');
  });

  it('writes the name of every node, also where rooms leave no line for it', () => {
    const survey = cityOf(5);
    const scene = nodesLens(survey).scene(ALL_OF_IT);
    const far = svgOf({ view: viewOf({ scene, zoom: 0.31 }), caption }, measure);
    for (const { node } of scene.buildings) expect(far).toContain(`>${node}<`);
  });

  it('names every place of the scene, and writes the labels of Services', () => {
    for (const { service, label } of view.scene.junctions) {
      expect(svg).toContain(`data-id="service:${service}"`);
      expect(svg).toMatch(new RegExp(`<text[^>]*>${label}</text>`));
    }
    for (const { id } of [...view.scene.houses, ...view.scene.gates]) expect(svg).toContain(`data-id="${escaped(id)}"`);
  });

  it('leaves out the names of what is out of sight', () => {
    const [one] = view.scene.junctions;
    if (!one) throw new Error('a scene without Services');
    const near = viewOf({ zoom: 4, offset: { x: -4 * one.x + 50, y: -4 * one.y + 50 }, width: 100, height: 100 });
    const told = svgOf({ view: near, caption }, measure).match(/data-kind="service"/g) ?? [];
    expect(told.length).toBe(1);
  });

  it('tells of a reweighted house the share that was asked for, not the weight it takes', () => {
    const survey = cityOf(5, (toy) => {
      const [asked, ...others] = backendsOf(toy).filter((id) => id.startsWith('shop/cart:'));
      toy.weigh(asked as string, (100 * others.length) / 9, 1_700_000_000_000);
    });
    const scene = sceneOfServices(survey, planServices(plotsOf(survey), linksOf(survey), EMPTY_SERVICES_PLAN));
    const told = svgOf({ view: viewOf({ scene, emphasis: undefined }), caption }, measure);
    expect(told).toContain('>10 %<');
    expect(scene.houses.filter(({ sign }) => sign === 'weighted')).toHaveLength(1);
  });

  it('uses only references that it defines', () => {
    const defined = new Set([...svg.matchAll(/ id="(d\d+)"/g)].map(([, id]) => id));
    const used = [...svg.matchAll(/url\(#(d\d+)\)/g)].map(([, id]) => id);
    expect(used.length).toBeGreaterThan(2);
    expect(used.filter((id) => !defined.has(id))).toEqual([]);
  });
});

describe('SvgPen', () => {
  it('keeps and gives back everything that save and restore hold', () => {
    const pen = new SvgPen(measure);
    pen.lineWidth = 3;
    pen.setLineDash([1, 2]);
    pen.save();
    pen.lineWidth = 9;
    pen.globalAlpha = 0.5;
    pen.setLineDash([]);
    pen.restore();
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(5, 5);
    pen.stroke();
    expect(pen.body).toContain('stroke-width="3" stroke-dasharray="1 2"');
    expect(pen.body).not.toContain('opacity');
  });

  it('draws a whole circle and a part of one', () => {
    const pen = new SvgPen(measure);
    pen.beginPath();
    pen.arc(10, 10, 5, 0, 2 * Math.PI);
    pen.fill();
    pen.beginPath();
    pen.arc(0, 0, 10, 0, Math.PI / 2);
    pen.stroke();
    expect(pen.body).toContain('d="M15 10A5 5 0 0 1 5 10A5 5 0 0 1 15 10"');
    expect(pen.body).toContain('d="M10 0A10 10 0 0 1 0 10"');
  });
});

describe('colourOf', () => {
  it('reads what a browser computes', () => {
    expect(colourOf('rgb(11, 16, 32)')).toEqual({ hex: '#0b1020', alpha: 1 });
    expect(colourOf('rgba(255, 0, 0, 0.5)')).toEqual({ hex: '#ff0000', alpha: 0.5 });
    expect(colourOf('#FFc861')).toEqual({ hex: '#ffc861', alpha: 1 });
    expect(colourOf('transparent').alpha).toBe(0);
  });

  it('mixes: all of one is that one, half of white and black is the grey of Oklab', () => {
    expect(colourOf('color-mix(in oklab, rgb(1, 2, 3) 100%, #ffffff)').hex).toBe('#010203');
    expect(colourOf('color-mix(in oklab, #ffffff 0%, rgb(200, 100, 50))').hex).toBe('#c86432');
    expect(colourOf('color-mix(in oklab, #ffffff 50%, #000000)').hex).toBe('#636363');
    expect(colourOf('color-mix(in oklab, #ff0000 40%, transparent)')).toEqual({ hex: '#ff0000', alpha: 0.4 });
    expect(colourOf('color-mix(in oklab, color-mix(in oklab, #102030 50%, #102030) 50%, #102030)').hex).toBe('#102030');
  });

  it('says what it cannot write', () => {
    expect(() => colourOf('oklch(0.5 0.1 20)')).toThrow('oklch(0.5 0.1 20)');
  });
});
