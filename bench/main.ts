/** `npm run bench` lists the benches; `npm run bench NAME …` runs one. They measure and assert nothing: see docs/performance.md. */
import { join } from 'node:path';

const benches: { readonly [name: string]: { readonly file: string; readonly about: string } } = {
  accounting: {
    file: 'accounting/main.ts',
    about: 'counting up to 500,000 connections, and 200 agents on one hub (--help)',
  },
  cluster: {
    file: 'cluster/main.ts',
    about: 'an agent on an API with 10,000 Services and 50,000 pods: memory, CPU, an outage (--help)',
  },
  isolation: {
    file: 'isolation/main.ts',
    about: 'NetworkPolicies on one node, up to 5,000 of them and 10,000 pods (--help)',
  },
  map: {
    file: 'map/main.ts',
    about: 'the map in a real browser, up to 10,000 pods: arriving, frames, memory (--help)',
  },
  routes: { file: 'routes/main.ts', about: 'routes to the pods of 1,000 other nodes, direct and by VXLAN (--help)' },
  routing: { file: 'routing/main.ts', about: 'rules for up to 10,000 Services: time, memory, latency (--help)' },
};

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (bench) {
  const file = join(import.meta.dirname, bench.file);
  process.argv = [process.execPath, file, ...args];
  await import(file);
} else {
  if (name !== undefined) console.error(`no bench is called ${name}; there are:`);
  for (const [each, { about }] of Object.entries(benches)) console.log(`${each.padEnd(12)}${about}`);
  process.exitCode = name === undefined ? 0 : 1;
}
