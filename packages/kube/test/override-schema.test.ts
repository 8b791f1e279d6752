import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { type KubeRoutingOverride, parseOverride } from '@kubecity/routing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, ensureCrd, isKubeError, type KubeClient, resources } from '../src/index.ts';

let directory: string;
let server: MiniApiServer;
let client: KubeClient;
let made = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-schema-'));
  const socketPath = join(directory, 'api.sock');
  server = await startMiniApiServer({ socketPath });
  client = connect({ socketPath });
  await ensureCrd(client);
});

afterAll(async () => {
  await client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

type Spec = Record<string, unknown>;

function object(spec: Spec, cluster: boolean): KubeRoutingOverride {
  return { metadata: { name: `o-${made++}`, ...(!cluster && { namespace: 'default' }) }, spec };
}

/** What the API server says against it; undefined = it took it. */
async function refusal(spec: Spec, cluster = false): Promise<string | undefined> {
  const resource = cluster ? resources.clusterRoutingOverrides : resources.routingOverrides;
  try {
    await client.create(resource, object(spec, cluster));
    return undefined;
  } catch (error) {
    if (isKubeError(error, 'invalid')) return error.message;
    throw error;
  }
}

const ONE = 'exactly one of weight, share and drain must be given';

describe('the API server refuses, by field', () => {
  test.each<[Spec, string, string]>([
    [{ service: 'cart' }, 'spec.weight', ONE],
    [{ service: 'cart', weight: 1, share: 1 }, 'spec.share', ONE],
    [{ service: 'cart', weight: 1, drain: {} }, 'spec.drain', ONE],
    [{ service: 'cart', weight: 1001 }, 'spec.weight', '1000'],
    [{ service: 'cart', share: 101 }, 'spec.share', '100'],
    [{ service: 'cart', drain: { existing: 'kill' } }, 'spec.drain.existing', 'cutIdle'],
    [{ service: 'cart', drain: { cutPerSecond: 0 } }, 'spec.drain.cutPerSecond', '1'],
    [{ service: 'cart', drain: {}, ramp: { from: 0, seconds: 1 } }, 'spec.ramp', 'not with drain'],
    [{ service: 'cart', weight: 1, ramp: { from: 0 } }, 'spec.ramp.seconds', 'Required'],
    [{ service: 'cart', share: 1, ramp: { from: 101, seconds: 1 } }, 'spec.ramp.from', 'at most 100'],
    [{ weight: 1 }, 'spec.service', 'only when backends are chosen'],
    [{ weight: 1, backends: {} }, 'spec.service', 'only when backends are chosen'],
    [{ weight: 1, backends: { podNames: [] } }, 'spec.service', 'only when backends are chosen'],
    [{ weight: 1, backends: { zones: ['a'] }, ports: ['http'] }, 'spec.ports', 'needs spec.service'],
    [{ service: 'cart', weight: 1, expiresAt: 'tomorrow' }, 'spec.expiresAt', 'date-time'],
    [
      { service: 'cart', weight: 1, startAt: '2026-11-23T10:00:00Z', expiresAt: '2026-11-23T10:00:00+01:00' },
      'spec.expiresAt',
      'after startAt',
    ],
  ])('%j', async (spec, field, words) => {
    const message = await refusal(spec);
    expect(message).toContain(`${field}:`);
    expect(message).toContain(words);
  });

  test.each<[Spec, string]>([
    [{ service: 'cart', backends: { zones: ['a'] }, weight: 1 }, 'spec.service'],
    [{ ports: ['http'], backends: { zones: ['a'] }, weight: 1 }, 'spec.ports'],
    [{ weight: 1 }, 'spec.backends'],
    [{ backends: { selector: { matchLabels: {} } }, weight: 1 }, 'spec.backends'],
  ])('of the whole cluster: %j', async (spec, field) => {
    expect(await refusal(spec, true)).toContain(`${field}:`);
  });
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const time = fc.constantFrom('2026-11-23T10:00:00Z', '2026-11-23T10:00:01.5+00:00', '2026-11-23T09:30:00-02:00');
const connections = maybe(fc.constantFrom('wait', 'cutIdle', 'cut'));

const specs = fc
  .record({
    service: fc.constantFrom('cart', undefined),
    ports: rarely(fc.subarray(['http', ''])),
    backends: maybe(
      fc.record({
        selector: rarely(fc.record({ matchLabels: fc.constantFrom({}, { app: 'cart' }) })),
        podNames: maybe(fc.subarray(['cart-1'])),
        zones: rarely(fc.subarray(['zone-1'])),
        addresses: rarely(fc.subarray(['10.0.0.1', 'fd00::1'])),
      }),
    ),
    wish: fc.oneof(
      fc.record({ weight: fc.integer({ min: -1, max: 1001 }) }),
      fc.record({ share: fc.integer({ min: -1, max: 101 }) }),
      fc.record({ weight: maybe(fc.constant(5)), share: maybe(fc.constant(5)) }),
      fc.record({
        drain: fc.record({
          existing: connections,
          udp: connections,
          deadlineSeconds: maybe(fc.integer({ min: -1, max: 604_801 })),
        }),
        weight: rarely(fc.constant(5)),
      }),
    ),
    ramp: rarely(fc.record({ from: fc.constantFrom(0, 50, 150, 1001), seconds: fc.constantFrom(0, 1, 86_400) })),
    startAt: maybe(time),
    expiresAt: maybe(time),
  })
  .map(({ wish, ...spec }) => JSON.parse(JSON.stringify({ ...spec, ...wish })) as Spec);

test('what the API server takes is exactly what the agents take, of both kinds', async () => {
  const seen = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(specs, fc.boolean(), async (spec, cluster) => {
      const message = await refusal(spec, cluster);
      const parsed = parseOverride(object(spec, cluster));
      const problems = 'problems' in parsed ? parsed.problems : [];
      expect(message === undefined, `${message} ${JSON.stringify(problems)}`).toBe(problems.length === 0);
      seen[message === undefined ? 'taken' : 'refused']++;
    }),
    { seed: 20261123, numRuns: 400 },
  );
  for (const [what, times] of Object.entries(seen)) expect(times, `none was ${what}`).toBeGreaterThan(50);
});
