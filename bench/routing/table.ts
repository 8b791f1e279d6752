import { aligned } from '../aligned.ts';
import { type Latency, TARGETS } from './latency.ts';
import type { RulesResult } from './rules.ts';

type Row = readonly string[];

export function rulesTable(results: readonly RulesResult[]): string {
  const head = [
    'size',
    'who',
    'chains',
    'rules',
    'first',
    'read back',
    'from start',
    '1 endpoint',
    '1 Service',
    'zone',
  ];
  const rolling = ['rolling: last', 'longest', 'memory', 'restore'];
  const lines = results.map((result): Row => {
    const { size, who, kernel, first, readBack, fromStart, changes, memory, restoreMemory, failed } = result;
    if (failed !== undefined) return [size, who, failed.split('\n', 1)[0] as string];
    return [
      size,
      who,
      kernel ? String(kernel.chains) : '',
      kernel ? String(kernel.rules) : '',
      milliseconds(first),
      milliseconds(readBack),
      milliseconds(fromStart),
      milliseconds(changes?.endpoint),
      milliseconds(changes?.service),
      milliseconds(changes?.zone),
      milliseconds(changes?.rolling.last),
      milliseconds(changes?.rolling.longest),
      mebibytes(memory),
      mebibytes(restoreMemory),
    ];
  });
  return aligned([[...head, ...rolling], ...lines]);
}

export function latencyTable(latencies: readonly Latency[]): string {
  const head = ['Services', 'who', ...TARGETS.flatMap((target) => [`${target} p50`, 'p99'])];
  const lines = latencies.map(({ services, who, targets }): Row => {
    const figures = TARGETS.flatMap((target) => [targets[target].p50.toFixed(0), targets[target].p99.toFixed(0)]);
    return [String(services), who, ...figures];
  });
  return aligned([head, ...lines]);
}

const milliseconds = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(0));
const mebibytes = (value: number | undefined): string => (value === undefined ? '' : (value / 2 ** 20).toFixed(0));
