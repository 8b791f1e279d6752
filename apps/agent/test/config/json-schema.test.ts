import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { flagOf, variableOf } from '../../src/config/command-line.ts';
import { configSchemaText, settingDescriptions } from '../../src/config/json-schema.ts';

it('is published as it is: `kubecity-agent config-schema > deploy/agent-config.schema.json` after a change', () => {
  const published = new URL('../../../../deploy/agent-config.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(JSON.parse(configSchemaText()));
});

it('describes every setting in words', () => {
  expect(settingDescriptions.filter(({ description }) => !description)).toEqual([]);
});

it('gives every setting a flag and a variable', () => {
  const all = settingDescriptions.map(({ path }) => `${flagOf(path)} ${variableOf(path)}`);
  expect(new Set(all).size).toBe(settingDescriptions.length);
  expect(all).toEqual(
    expect.arrayContaining([
      '--cluster-cidr KUBECITY_CLUSTER_CIDR',
      '--node-ips KUBECITY_NODE_IPS',
      '--min-sync-ms KUBECITY_MIN_SYNC_MS',
      '--local-detect-mode KUBECITY_LOCAL_DETECT_MODE',
      '--conntrack-max-per-core KUBECITY_CONNTRACK_MAX_PER_CORE',
    ]),
  );
});
