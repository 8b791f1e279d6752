import { readFileSync } from 'node:fs';
import { overrideSpec } from '@kubecity/routing';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { connect, ensureCrd, type KubeClient, routingOverrideCrd } from '../src/index.ts';
import { FlakyServer, json, refusal } from './flaky-server.ts';

let server: FlakyServer;
let client: KubeClient;

beforeEach(async () => {
  server = new FlakyServer();
  await server.start();
  client = connect({ socketPath: server.socketPath });
});

afterEach(async () => {
  await client.close();
  await server.remove();
});

const established = { status: { conditions: [{ type: 'Established', status: 'True' }] } };
const methods = () => server.requests.map((line) => line.split(' ')[0]);

test('the file to apply is the same object', () => {
  const file = new URL('../../../deploy/base/routingoverride-crd.yaml', import.meta.url);
  expect(parse(readFileSync(file, 'utf8'))).toEqual(routingOverrideCrd);
});

test('the CRD knows exactly the fields that routing parses', () => {
  const { spec } = routingOverrideCrd.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
  expect(Object.keys(spec?.properties ?? {}).sort()).toEqual(Object.keys(overrideSpec.shape).sort());
  expect(Object.keys(spec?.properties.backends.properties ?? {}).sort()).toEqual(
    Object.keys(overrideSpec.shape.backends.unwrap().shape).sort(),
  );
  expect(Object.keys(spec?.properties.drain.properties ?? {}).sort()).toEqual(
    Object.keys(overrideSpec.shape.drain.unwrap().shape).sort(),
  );
});

test('an absent CRD is created and waited for', async () => {
  server.answer(
    refusal(404, 'NotFound'),
    json({}, 201),
    json({ ...routingOverrideCrd, status: {} }),
    json({ ...routingOverrideCrd, ...established }),
  );
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'POST', 'GET', 'GET']);
  expect(JSON.parse(server.bodies[1] ?? '')).toEqual(routingOverrideCrd);
});

test('a CRD that the server filled with its defaults is left alone', async () => {
  const stored = {
    ...routingOverrideCrd,
    spec: { ...routingOverrideCrd.spec, conversion: { strategy: 'None' } },
    ...established,
  };
  server.answer(json(stored), json(stored));
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'GET']);
});

test('an older schema is replaced, at the version that was read', async () => {
  const [version] = routingOverrideCrd.spec.versions;
  const spec = { ...routingOverrideCrd.spec, versions: [{ ...version, additionalPrinterColumns: [] }] };
  server.answer(json({ metadata: { resourceVersion: '8' }, spec }), json({}), json(established));
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'PUT', 'GET']);
  expect(JSON.parse(server.bodies[1] ?? '').metadata.resourceVersion).toBe('8');
});

test('no right to look: the refusal goes to the caller', async () => {
  server.answer(refusal(403, 'Forbidden'));
  await expect(ensureCrd(client)).rejects.toMatchObject({ code: 'forbidden' });
});
