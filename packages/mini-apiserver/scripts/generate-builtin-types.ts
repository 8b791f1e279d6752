/**
 * Writes src/builtin-types.json: the fields of every Kubernetes type this server serves, taken from the models of
 * @kubernetes/client-node (generated there from the API's own OpenAPI document).
 * Run: node packages/mini-apiserver/scripts/generate-builtin-types.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtinTypes } from './read-client-models.ts';

const target = fileURLToPath(new URL('../src/builtin-types.json', import.meta.url));
const lines = Object.entries(builtinTypes()).map(([name, fields]) => `  "${name}": ${JSON.stringify(fields)}`);
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);
