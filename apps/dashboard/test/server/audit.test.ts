import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEntry, CityRecord } from '@kubecity/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportAudit } from '../../server/audit/audit-export.ts';
import { AuditOutcomes } from '../../server/audit/audit-outcomes.ts';
import { AUDIT_FORM, AuditStore } from '../../server/audit/audit-store.ts';
import { openDatabase } from '../../server/history/database-file.ts';
import { History, historySettings } from '../../server/history/history.ts';
import { hubMetrics } from '../../server/metrics.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');
const DAY = 24 * 3_600_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const store = (file?: string, most?: number) => new AuditStore(openDatabase(AUDIT_FORM, file, NOON).database, most);
const entry = (id: string, at: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ id, at, who: 'ana', how: 'dashboard', what: 'create', kind: 'RoutingOverride' },
  ...{ namespace: 'shop', name: `o-${id}` },
  ...more,
});
const idsOf = (trail: AuditStore, query = {}) => trail.list({ limit: 10, ...query }).entries.map(({ id }) => id);

test('entries are told the newest first, within a span, and as many as are asked for', () => {
  const trail = store();
  for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) trail.add(entry(id, NOON + i));
  expect(trail.list({ limit: 3 })).toMatchObject({ entries: [{ id: 'd' }, { id: 'c' }, { id: 'b' }], truncated: true });
  expect(idsOf(trail, { since: NOON + 1, until: NOON + 2 })).toEqual(['c', 'b']);
  expect(trail.entry('b')).toEqual(entry('b', NOON + 1));
  expect(trail.entry('z')).toBeUndefined();
});

test('an entry is never rewritten; what came of it is told with it', () => {
  const trail = store();
  trail.add(entry('a', NOON));
  trail.add(entry('a', NOON + 5, { who: 'mallory' }));
  expect(trail.entry('a')?.who).toBe('ana');
  trail.addOutcome('a', NOON + 1, 'confirmed after 1 s');
  trail.addOutcome('a', NOON + 2, 'confirmed after 2 s');
  expect(trail.list({ limit: 1 }).entries).toMatchObject([{ who: 'ana', outcome: 'confirmed after 1 s' }]);
});

test('the oldest go by age, with what came of them', () => {
  const trail = store();
  trail.add(entry('old', NOON));
  trail.addOutcome('old', NOON, 'done');
  trail.add(entry('new', NOON + 91 * DAY));
  expect(idsOf(trail)).toEqual(['new']);
});

test('beyond its bound the trail keeps the newest', () => {
  const trail = store(undefined, 64 * 1024);
  const large = 'x'.repeat(1024);
  for (let i = 0; i < 130; i++) trail.add(entry(`large-${String(i).padStart(3, '0')}`, NOON + i, { reason: large }));
  const { entries } = trail.list({ limit: 1000 });
  expect(entries.length).toBeGreaterThan(10);
  expect(entries.length).toBeLessThan(64);
  expect(entries[0]?.id).toBe('large-129');
});

test('what was done is found again by the next dashboard, in a file beside the history', async () => {
  const file = join(directory, 'past');
  const open = () =>
    new History({ ...historySettings({ history: file }), log: pino({ level: 'silent' }), metrics: hubMetrics() });
  const first = open();
  first.note({ entry: entry('a', NOON, { after: { weight: 5 } }) });
  first.note({ outcome: { id: 'a', at: NOON, text: 'confirmed' } });
  await first.close();
  const second = open();
  expect(await second.entry('a')).toEqual({ ...entry('a', NOON, { after: { weight: 5 } }), outcome: 'confirmed' });
  expect(await second.ask({ kind: 'audit', limit: 5 })).toMatchObject({
    kind: 'audit',
    entries: [{ id: 'a' }],
    truncated: false,
  });
  await second.close();
  expect(store(`${file}.audit`).entry('a')?.who).toBe('ana');
});

test('a file of somebody else is left alone', () => {
  const file = join(directory, 'letter');
  writeFileSync(file, 'Dear aunt, '.repeat(50));
  const { trouble } = openDatabase(AUDIT_FORM, file, NOON);
  expect(trouble).toMatch(/letter is not a log of changes of ours; it is left as it is/);
});

test('the export is JSON or a table that no spreadsheet takes for formulas', async () => {
  const entries = [entry('a', NOON, { who: '=cmd|x', reason: 'said "no",\nthen left', after: { weight: 5 } })];
  const history = { ask: async () => ({ kind: 'audit', entries, truncated: false }) as const };
  expect(JSON.parse(await exportAudit(history, { format: 'json' }))).toEqual({ entries, truncated: false });
  const [head, ...rows] = (await exportAudit(history, { format: 'csv' })).split('\r\n');
  expect(head).toMatch(/^"at","who","how","what",/);
  expect(rows).toEqual([
    `"2026-11-22T12:00:00.000Z","'=cmd|x","dashboard","create","RoutingOverride","shop","o-a","","said ""no"",\nthen left","","","{""weight"":5}","a","","",""`,
    '',
  ]);
});

type Override = CityRecord<'override'>;
const record = (more: Partial<Override>): Override =>
  ({
    ...{ uid: 'uid-123456789', namespace: 'shop', name: 'o', service: 'shop/cart', generation: 1, createdAt: '' },
    ...{ kind: 'weight', cluster: false, change: 'c1', state: 'applied', backends: [] },
    nodes: { desired: 2, acknowledged: [], waitingFor: ['n1', 'n2'] },
    connections: { moving: 0, idle: 0, closing: 0, waiting: 0, coverage: 'complete' },
    ...more,
  }) as Override;

function outcomes(left: () => readonly string[] = () => []) {
  const told: string[] = [];
  const book = new AuditOutcomes({
    log: { info: () => {} },
    notRidOf: left,
    keeper: {
      note: ({ entry, outcome }) =>
        told.push(entry ? `${entry.what} ${entry.name}: ${entry.outcome}` : `${outcome?.id}: ${outcome?.text}`),
    },
  });
  const look = (at: number, more: Partial<Override> | undefined, settled = true) => {
    book.look(more ? [['u', record(more)]] : [], at, settled);
    return told.splice(0);
  };
  return Object.assign(look, { noted: book.noted.bind(book) });
}
const everywhere = { desired: 2, acknowledged: ['n1', 'n2'], waitingFor: [] };

test('what came of a change is told once, and again after the next change', () => {
  const look = outcomes();
  expect(look(NOON, {})).toEqual([]);
  const confirmed = { nodes: everywhere };
  look.noted(entry('c1', NOON - 300, { uid: 'u', after: {} }));
  expect(look(NOON + 1200, confirmed)).toEqual(['c1: confirmed by 2 of 2 nodes after 1.5 s']);
  expect(look(NOON + 2000, confirmed)).toEqual([]);
  expect(look(NOON + 2500, {})).toEqual([]);
  expect(look(NOON + 3000, { ...confirmed, generation: 2, change: 'c2' })).toEqual([
    'c2: confirmed by 2 of 2 nodes after 0.0 s',
  ]);
});

test('lifted, over, ended and drained are entries of their own, each time they come about', () => {
  const look = outcomes();
  look(NOON, {});
  const lifted = (state: Override['state'], ...liftedIn: string[]) => ({ state, liftedIn, message: 'below its floor' });
  expect(look(NOON, lifted('lifted', 'shop/cart'))).toEqual(['lifted o: for shop/cart: below its floor']);
  expect(look(NOON, lifted('applied', 'shop/cart', 'shop/web'))).toEqual(['lifted o: for shop/web: below its floor']);
  expect(look(NOON, lifted('lifted', 'shop/cart'))).toEqual([]);
  look(NOON, {});
  expect(look(NOON, lifted('lifted', 'shop/cart'))).toEqual(['lifted o: for shop/cart: below its floor']);
  expect(look(NOON, { state: 'expired', message: 'its time is over' })).toEqual(['expired o: its time is over']);
  const drain = { existing: 'cut', udp: 'cut', sticky: 'expire', cutPerSecond: 5, cut: 0, phase: 'draining' } as const;
  expect(look(NOON, { drain })).toEqual([]);
  expect(look(NOON, { drain: { ...drain, cut: 3, phase: 'cutting' } })).toEqual([
    'cut o: open connections are being ended',
  ]);
  expect(look(NOON, { drain: { ...drain, cut: 9, phase: 'drained' } })).toEqual([
    'drained o: no connection is open, by the word of 2 nodes; 9 connections were ended',
  ]);
});

test('what was so before this dashboard began is old news', () => {
  const look = outcomes();
  const lifted: Partial<Override> = { state: 'lifted', liftedIn: ['shop/cart'] };
  expect(look(NOON, lifted, false)).toEqual([]);
  expect(look(NOON, { ...lifted, nodes: everywhere }, false)).toEqual([]);
  expect(look(NOON, { ...lifted, nodes: everywhere })).toEqual([]);
});

test('a deletion is told once every node is rid of it', () => {
  let left = ['n1', 'n2'];
  const look = outcomes(() => left);
  look.noted(entry('c9', NOON, { what: 'delete', uid: 'u' }));
  expect(look(NOON + 1000, undefined)).toEqual([]);
  left = [];
  expect(look(NOON + 2000, undefined, false)).toEqual([]);
  expect(look(NOON + 2500, undefined)).toEqual(['c9: every node is rid of it after 2.5 s']);
  expect(look(NOON + 3000, undefined)).toEqual([]);
});
