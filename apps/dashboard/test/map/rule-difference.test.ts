import type { KernelChain } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differencesIn, differenceWords, linesOf, rulesText } from '../../src/city/rule-difference.ts';

const told = (rules: readonly string[], wished?: readonly string[]): KernelChain => ({
  ...{ family: 'IPv4', table: 'nat', chain: 'CITY-S-X' },
  rules: rules.map((rule, i) => ({ rule, packets: i, bytes: 60 * i })),
  ...(wished && { wished: [...wished] }),
});
const kinds = (rules: readonly string[], wished?: readonly string[]) =>
  linesOf(told(rules, wished)).map(({ kind, found, wished: text }) => [kind, found?.rule, text]);

const to = (n: number) => `-p tcp -j DNAT --to-destination 10.0.0.${n}:80`;

describe('the lines of a chain beside its wish', () => {
  it.each([
    [
      'as wished',
      [to(1), to(2)],
      [to(1), to(2)],
      [
        ['same', to(1)],
        ['same', to(2)],
      ],
    ],
    ['nothing told', [to(1)], undefined, [['told', to(1)]]],
    [
      'one missing',
      [to(2)],
      ['-j CITY-A', to(2)],
      [
        ['missing', undefined, '-j CITY-A'],
        ['same', to(2)],
      ],
    ],
    ['the kernel has none', [], [to(1)], [['missing', undefined, to(1)]]],
    [
      'one too many',
      ['-s 192.0.2.1/32 -j DROP', to(1)],
      [to(1)],
      [
        ['foreign', '-s 192.0.2.1/32 -j DROP'],
        ['same', to(1)],
      ],
    ],
    [
      'twice',
      [to(1), to(1)],
      [to(1)],
      [
        ['same', to(1)],
        ['foreign', to(1)],
      ],
    ],
    [
      'another chance to the same backend',
      [`-m statistic ${to(1).slice(7)}`, to(2)],
      [to(1), to(2)],
      [
        ['changed', `-m statistic ${to(1).slice(7)}`, to(1)],
        ['same', to(2)],
      ],
    ],
    ['the same question, another target', ['-p tcp -j DROP'], [to(1)], [['changed', '-p tcp -j DROP', to(1)]]],
    [
      'another order',
      [to(2), to(1)],
      [to(1), to(2)],
      [
        ['same', to(2)],
        ['moved', to(1)],
      ],
    ],
  ] as const)('%s', (_, rules, wished, expected) => {
    expect(kinds(rules, wished)).toEqual(expected.map(([kind, found, text]) => [kind, found, text]));
  });

  it('tells every rule of the kernel once in its order, and every wish that is not fulfilled', () => {
    const rule = fc.integer({ min: 1, max: 6 }).map((n) => (n > 4 ? `-s 10.0.0.${n}/32 -j DROP` : to(n)));
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), fc.array(rule, { maxLength: 12 }), (rules, wished) => {
        const lines = linesOf(told(rules, wished));
        expect(lines.flatMap(({ found }) => found?.rule ?? [])).toEqual(rules);
        const of = (kind: string) => lines.filter((line) => line.kind === kind).length;
        expect(of('same') + of('missing') + of('changed') + of('moved')).toBe(wished.length);
        expect(of('same') + of('foreign') + of('changed') + of('moved')).toBe(rules.length);
        expect(differencesIn([told(rules, wished)]) === 0).toBe(String(rules) === String(wished));
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('finds its way through a chain of thousands', () => {
    const wished = Array.from({ length: 9000 }, (_, i) => `-d 10.0.${i >> 8}.${i & 255}/32 -j CITY-${i}`);
    const rules = [
      '-j FIRST',
      ...wished
        .filter((_, i) => i % 3000 !== 5)
        .reverse()
        .reverse(),
      '-j LAST',
    ];
    const lines = linesOf(told(rules, wished));
    expect(lines.filter(({ kind }) => kind === 'same')).toHaveLength(8997);
    expect(lines.filter(({ kind }) => kind === 'missing')).toHaveLength(3);
    expect(lines.filter(({ kind }) => kind === 'foreign')).toHaveLength(2);
  });
});

it('says in words and as text what differs', () => {
  const same = told([to(1)], [to(1)]);
  const other = told(['-p tcp -j DROP', to(2)], [to(1), to(2), to(3)]);
  expect(differenceWords([same])).toBe('as wished');
  expect(differenceWords([same, other])).toBe('2 differences');
  expect(differenceWords([same, told([to(1)])])).toBe('its agent does not tell what it wishes');
  expect(rulesText('shop/cart', 'node-a', 0, [other]).split('\n')).toEqual([
    'Rules of shop/cart on node-a, 1970-01-01T00:00:00.000Z: 2 differences',
    '',
    'IPv4 nat CITY-S-X',
    `-                        ${to(1)}`,
    '+ [0:0]                  -p tcp -j DROP',
    `  [1:60]                 ${to(2)}`,
    `-                        ${to(3)}`,
    '',
  ]);
});
