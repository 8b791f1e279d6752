import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseCaseFile } from '../cases/case-file.ts';
import type { PacketCase } from '../cases/packet-case.ts';

/** Every behaviour case that the repository holds. */
export const FILES = ['packet-flow.json', 'topology.json', 'more-flows.json'];

export function pathOf(file: string): string {
  return fileURLToPath(new URL(`../testdata/${file}`, import.meta.url));
}

export function casesOf(file: string): PacketCase[] {
  return parseCaseFile(file, readFileSync(pathOf(file), 'utf8'));
}

/** What no file can say; any other skip is a fault. */
export const SKIPPED: Readonly<Record<string, string>> = {
  'node-gate-off': 'needs feature gate PreferSameTrafficDistribution off, which Kubernetes 1.35 and later lock on',
};

/** The same case with what is expected of one flow turned into something wrong. */
export function wrong(
  each: PacketCase,
  index: number,
  expected: Partial<PacketCase['flows'][number]['expect']>,
): PacketCase {
  const flows = each.flows.map((flow, i) =>
    i === index ? { ...flow, expect: { ...flow.expect, ...expected } } : flow,
  );
  return { ...each, flows };
}
