import { describe, expect, it } from 'vitest';
import { flawsOf, measuringOf, nearlyFull, silentNodes } from '../../src/city/coverage.ts';
import { flowsFirst } from '../../src/city/flows.ts';
import { moment as momentWords, span } from '../../src/city/format.ts';
import { momentOf, shownCity } from '../../src/city/moment.ts';
import { parseAnswer } from '../../src/city/parse-answer.ts';
import { surveyCity } from '../../src/city/survey.ts';
import { cityOf } from './city-of.ts';
import { answerOf } from './toy-answers.ts';
import { toyCity } from './toy-city.ts';

const NOW = 1_700_000_000_000;
const toy = toyCity(5);
toy.snapshot(NOW);
const asked = (at: number) => {
  const answer = parseAnswer(JSON.parse(JSON.stringify(answerOf(toy, { kind: 'moment', at }, NOW))));
  if (answer.kind !== 'moment') throw new Error(`not a moment: ${answer.kind}`);
  return momentOf(answer);
};

describe('a moment', () => {
  const then = asked(NOW - 3_600_000);
  const { city } = cityOf(5);

  it('is that moment’s edges on the ground of now', () => {
    const shown = shownCity(city, then, undefined);
    expect(shown.edge).toBe(then.edges);
    expect(shown.pod).toBe(city.pod);
    expect(shown.load.size).toBe(0);
    expect(then.stepMilliseconds).toBe(10_000);
    expect(surveyCity(shown, surveyCity(city)).sums.all.edges).toBe(then.edges.size);
  });

  it('can be of one Service only, as now can', () => {
    for (const moment of [undefined, then]) {
      const { edge } = shownCity(city, moment, 'shop/cart');
      expect(new Set([...edge.values()].map(({ service }) => service))).toEqual(new Set(['shop/cart']));
    }
    expect(shownCity(city, undefined, undefined)).toBe(city);
  });

  it('is told with its day when that is another', () => {
    expect(momentWords(NOW, NOW)).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(momentWords(NOW - 3 * 86_400_000, NOW)).toMatch(/^\w{3},? \d+ \w{3} \d\d:/);
    expect([1000, 10_000, 60_000, 1500].map(span)).toEqual(['1 s', '10 s', '1 min', '1.5 s']);
  });
});

describe('parseAnswer', () => {
  it('takes every kind of answer', () => {
    const questions = [
      { kind: 'history', from: NOW - 900_000, to: NOW },
      { kind: 'rules', service: 'shop/cart' },
      { kind: 'flows', servicePort: 'shop/cart:main/TCP', backend: '10.244.1.15:80' },
    ] as const;
    for (const question of questions) {
      expect(parseAnswer(JSON.parse(JSON.stringify(answerOf(toy, question, NOW)))).kind).toBe(question.kind);
    }
  });

  it('makes a refusal of what is none, and says where', () => {
    for (const wrong of [undefined, { kind: 'moment', at: 1 }, { kind: 'ships' }]) {
      expect(parseAnswer(wrong)).toMatchObject({ kind: 'refused', code: 'invalid-message' });
    }
    expect(parseAnswer({ kind: 'moment', at: 1 })).toHaveProperty('message', expect.stringContaining('edges'));
  });
});

describe('flowsFirst', () => {
  it('puts the client’s own before others, and what moves before what rests', () => {
    const servicePort = 'shop/search:main/TCP';
    const [name] = toy.edges(NOW).find(([one]) => one.servicePort === servicePort) as ReturnType<typeof toy.edges>[0];
    const backend = name.backend.split('|')[1] as string;
    const answer = answerOf(toy, { kind: 'flows', servicePort, backend }, NOW);
    if (answer.kind !== 'flows') throw new Error(answer.kind);
    const sorted = flowsFirst(answer.flows, name);
    expect(sorted).toHaveLength(answer.flows.length);
    const own = sorted.map(({ client }) => client.kind === 'pod' && `pod:${client.uid}` === name.client.id);
    expect(own.lastIndexOf(true)).toBe(39);
    expect(own.indexOf(false)).toBe(40);
    expect(
      sorted
        .slice(0, 40)
        .map(({ state }) => state)
        .lastIndexOf('moving'),
    ).toBe(9);
  });
});

describe('how far figures can be trusted', () => {
  it('says what was missed, node by node', () => {
    const { city } = cityOf(5, (one) => one.silence('node-d', true));
    const of = (name: string) => measuringOf(city.node.get(name) as NonNullable<ReturnType<typeof city.node.get>>);
    expect(flawsOf(of('node-a'))).toEqual([]);
    expect(flawsOf(of('node-b'))).toEqual([
      'table 84 % full',
      '2 dumps lost',
      '31 flows ended unseen',
      '12 flows without counters',
    ]);
    expect([of('node-a'), of('node-b')].map(nearlyFull)).toEqual([false, true]);
    expect(silentNodes(city)).toEqual(['node-d']);
    expect(flawsOf(of('node-d'))).toEqual(['agent is silent']);
  });

  it('warns from 80 % on, and never of a table without a maximum', () => {
    const at = (fullness: number | undefined) => nearlyFull({ fullness } as ReturnType<typeof measuringOf>);
    expect([0.79, 0.8, 1, undefined].map(at)).toEqual([false, true, true, false]);
  });
});
