import { aligned } from '../aligned.ts';
import type { MapAnswer } from './map-run.ts';

export function arrivalTable(results: readonly MapAnswer[]): string {
  const head = [
    'pods',
    'edges',
    'all known ms',
    'whole map ms',
    'page CPU ms',
    'longest task ms',
    'hub blocked ms',
    'MB on the wire',
  ];
  const rows = results.map(({ pods, edges, arrival }) => [
    ...[pods, edges].map(count),
    ...[arrival.known, arrival.wholeMap, arrival.cpu, arrival.longestTask, arrival.hubBlocked].map(rounded),
    (arrival.bytes / 1e6).toFixed(1),
  ]);
  return aligned([head, ...rows]);
}

export function frameTable(results: readonly MapAnswer[]): string {
  const head = ['pods', 'while', 'frames/s', 'script CPU p50 ms', 'p95 ms', 'longest task ms', 'tasks > 50 ms'];
  const rows = results.flatMap((result) =>
    (['still', 'panning', 'zooming'] as const).map((phase) => {
      const { perSecond, p50, p95, longestTask, longTasks } = result[phase];
      const cells = [p50.toFixed(1), p95.toFixed(1), rounded(longestTask), count(longTasks)];
      return [count(result.pods), phase, rounded(perSecond), ...cells];
    }),
  );
  return aligned([head, ...rows]);
}

export function restTable(results: readonly MapAnswer[]): string {
  const head = ['pods', 'moving streets', 'CPU %', 'main %', 'script %', 'kB/s', 'heap MB', 'then'];
  const more = ['hidden frames', 'hidden CPU %', 'hub CPU %', 'hub MiB'];
  const rows = results.map(({ pods, movingStreets, cpu, bytesPerSecond, heap, hidden, hubMemory }) => [
    ...[pods, movingStreets].map(count),
    ...[cpu.renderer, cpu.main, cpu.script, bytesPerSecond / 1000].map(rounded),
    ...[heap.before / 1e6, heap.after / 1e6].map((value) => value.toFixed(1)),
    ...[count(hidden.frames), rounded(hidden.cpu), rounded(cpu.hub), rounded(hubMemory / 2 ** 20)],
  ]);
  return aligned([[...head, ...more], ...rows]);
}

/** The nodes lens at rest. A city of 1,000 pods is near enough there to show a thousand streets at once. */
export function nodesTable(results: readonly MapAnswer[]): string {
  const head = ['pods', 'moving streets', 'CPU %', 'main %', 'script %'];
  const rows = results.map(({ pods, nodes: { streets, renderer, main, script } }) => [
    ...[pods, streets].map(count),
    ...[renderer, main, script].map(rounded),
  ]);
  return aligned([head, ...rows]);
}

const rounded = (value: number): string => value.toFixed(0);
const count = (value: number): string => value.toLocaleString('en');
