import { aligned } from '../aligned.ts';
import type { AgentAnswer, AgentRequest } from './agent-run.ts';
import type { Cost, DumpAnswer } from './dump-run.ts';
import type { HubAnswer } from './hub-run.ts';

export interface AgentResult extends AgentAnswer {
  readonly asked: AgentRequest;
}

export function dumpTable(results: readonly DumpAnswer[]): string {
  const head = ['entries', 'way', 'ms', 'CPU ms', '× bare'];
  return aligned([head, ...results.flatMap(dumpRows)]);
}

function dumpRows({ entries, bare, decoded, accounted, first, naive }: DumpAnswer): string[][] {
  const row = (name: string, { wall, cpu }: Cost): string[] => [
    count(entries),
    name,
    wall.toFixed(0),
    cpu.toFixed(0),
    (wall / bare.wall).toFixed(2),
  ];
  return [
    row('bare dump', bare),
    row('decoded', decoded),
    row('decoded and counted', accounted),
    row('the first of these', first),
    row('conntrack -L', naive),
  ];
}

export function agentTable(results: readonly AgentResult[]): string {
  const head = ['entries', 'new/s', 'CPU %', 'main %', 'main ms/dump', 'dump ms', 'period ms'];
  const more = [
    'marks',
    'p50 ms',
    'p95 ms',
    'MiB',
    'MiB counting',
    'made',
    'missing',
    'ended unseen',
    'lost dumps',
    'lost events',
  ];
  const rows = results.map(({ asked, entries, cpu, mainPerDump, latency, lost, ...rest }) => [
    count(entries),
    count(asked.perSecond),
    ...[cpu.whole, cpu.main, mainPerDump].map((value) => value.toFixed(1)),
    ...[rest.dumpMilliseconds, rest.periodMilliseconds, latency.marks, latency.p50, latency.p95].map(rounded),
    ...[rest.memory.own, rest.memory.counting].map(mebibytes),
    ...[rest.made, rest.missing, lost.endedUnseen, lost.lostDumps, lost.lostEvents].map(count),
  ]);
  return aligned([[...head, ...more], ...rows]);
}

export function hubTable({ nodes, edges, cpu, memory, browser }: HubAnswer): string {
  const head = ['agents', 'edges', 'CPU %', 'main %', 'MiB', 'on the screen', 'rows/s', 'kB/s'];
  const row = [
    ...[count(nodes), count(edges)],
    ...[cpu.hub.toFixed(1), cpu.main.toFixed(1), mebibytes(memory)],
    ...[count(browser.edges), rounded(browser.rows), rounded(browser.bytes / 1000)],
  ];
  return aligned([head, row]);
}

const rounded = (value: number): string => value.toFixed(0);
const count = (value: number): string => value.toLocaleString('en');
const mebibytes = (value: number): string => (value / 2 ** 20).toFixed(0);
