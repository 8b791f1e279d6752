import { readFileSync } from 'node:fs';
import type { PolicyCase } from '../src/testing/index.ts';

export function policyCases(): readonly PolicyCase[] {
  const text = readFileSync(new URL('../testdata/network-policy.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { cases: PolicyCase[] }).cases;
}
