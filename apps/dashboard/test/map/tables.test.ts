import { describe, expect, it } from 'vitest';
import { streetOfRefusal } from '../../src/city/refusals.ts';
import { surveyCity } from '../../src/city/survey.ts';
import { stepOf } from '../../src/ui/directory/keys.ts';
import { valuesOf, withWords } from '../../src/ui/directory/table.ts';
import { type CityTab, TABLES } from '../../src/ui/directory/tables.ts';
import { cityOf } from './city-of.ts';

const survey = cityOf(5, (toy) => {
  const op = toy.snapshot(0).find((one) => one[0] === 'set' && one[1] === 'backend');
  toy.drain(op?.[2] as string, 0);
});
const { city } = survey;
const TABS = Object.keys(TABLES) as CityTab[];
const KINDS = {
  services: 'service',
  backends: 'backend',
  pods: 'pod',
  nodes: 'node',
  edges: 'edge',
  policies: 'policy',
  refusals: 'refusal',
} as const;
const NOW = 1_700_000_000_000;

/** By column id, as it is read and as it is worth. */
function read(tab: CityTab, id: string, of = survey) {
  const table = TABLES[tab];
  const row = table.rows(of, NOW).find((one) => table.idOf(one) === id);
  return Object.fromEntries(table.columns.map((column) => [column.id, [column.text(row), column.value(row)]]));
}

describe.each(TABS)('the table of %s', (tab) => {
  const table = TABLES[tab];
  const rows = table.rows(survey, NOW);

  it('has a row for each, which selects what it is about', () => {
    expect(rows.map((row) => table.idOf(row)).sort()).toEqual([...city[KINDS[tab]].keys()].sort());
    for (const row of rows) {
      const id = table.idOf(row);
      const selected =
        tab === 'refusals' ? { kind: 'barred', id: streetOfRefusal(survey, id) } : { kind: KINDS[tab], id };
      expect(table.selectionOf(row)).toEqual(selected);
    }
  });

  it('has columns whose names fit an address, and is sorted by one of them', () => {
    const ids = table.columns.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z-]{1,40}$/.test(id))).toEqual([]);
    expect(ids).toContain(table.sort.column);
  });

  it('is found by every name and address that it shows', () => {
    const names = table.columns.filter(
      ({ id, figure }) => !figure && id !== 'state' && id !== 'agent' && id !== 'sync',
    );
    for (const row of rows.slice(0, 12)) {
      for (const column of names) {
        const shown = column.text(row);
        if (shown === '–' || shown === '') continue;
        expect(withWords(table, rows, shown), `${column.id}: ${shown}`).toContain(row);
      }
    }
    expect(withWords(table, rows, 'nobody-is-called-so')).toEqual([]);
    expect(withWords(table, rows, ' ')).toBe(rows);
  });

  it('is worth as much in a CSV as on the screen', () => {
    for (const row of rows) expect(valuesOf(table, row)).toHaveLength(table.columns.length);
  });
});

describe('what the tables say', () => {
  it('is what the map says: sums over rows are those of the city', () => {
    const opened = (tab: CityTab) => {
      const column = TABLES[tab].columns.find(({ id }) => id === 'opened' || id === 'opened-rate');
      return TABLES[tab].rows(survey, NOW).reduce<number>((sum, row) => sum + (column?.value(row) as number), 0);
    };
    const direct = [...survey.sums.directIntoPod.values()].reduce((sum, one) => sum + one.openedPerSecond, 0);
    expect(opened('services')).toBeCloseTo(survey.sums.all.openedPerSecond - direct);
    expect(opened('backends')).toBeCloseTo(opened('services'));
    expect(opened('pods')).toBeCloseTo(survey.sums.all.openedPerSecond);
    expect(opened('edges')).toBeCloseTo(survey.sums.all.openedPerSecond);
  });

  it('names states in words', () => {
    const [id, drained] = [...city.backend].find(([, { draining }]) => draining) as [string, { service: string }];
    expect(read('backends', id).state?.[0]).toBe('draining');
    expect(read('services', drained.service).state?.[0]).toBe('1 draining');
    expect(read('services', 'payments/fraud').state?.[0]).toBe('1 problem');
  });

  it('is unknown, not zero, where no agent counts', () => {
    const node = city.node.get('node-a') as NonNullable<ReturnType<typeof city.node.get>>;
    const agent = { state: 'absent' as const };
    const blind = surveyCity({
      ...city,
      edge: new Map(),
      node: new Map([...city.node, ['node-a', { ...node, agent }]]),
    });
    const at = (name: string) => [...city.pod.values()].find((pod) => pod.node === name)?.uid as string;
    expect(read('pods', at('node-a'), blind)).toMatchObject({ opened: ['–', undefined], opens: ['–', undefined] });
    expect(read('pods', at('node-b'), blind)).toMatchObject({ opened: ['0', 0] });
    expect(read('nodes', 'node-a', blind)).toMatchObject({ opened: ['–', undefined], age: ['–', undefined] });
  });
});

it('is walked by lines, pages and to its ends', () => {
  const step = (key: string, at: number) => stepOf(key, at, 100, 20);
  expect(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].map((key) => step(key, 50))).toEqual([
    51, 49, 70, 30, 0, 99,
  ]);
  expect([step('ArrowUp', 0), step('PageDown', 95), step('x', 5), stepOf('End', 0, 0, 20)]).toEqual([
    0,
    99,
    undefined,
    0,
  ]);
});
