import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, startApi } from './api-client.ts';
import { lampDefinition } from './lamp.ts';

let api: Api;
beforeEach(async () => {
  api = await startApi();
  await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', lampDefinition);
});
afterEach(() => api.close());

const LAMPS = '/apis/city.example/v1/namespaces/default/lamps';
const MERGE = 'application/merge-patch+json';
const lamp = (spec: object) => ({ apiVersion: 'city.example/v1', kind: 'Lamp', metadata: { name: 'l' }, spec });

test('a definition is established and served at once', async () => {
  const { body } = await api.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/lamps.city.example');
  expect(body.status).toMatchObject({
    storedVersions: ['v1'],
    acceptedNames: { kind: 'Lamp', listKind: 'LampList', singular: 'lamp' },
  });
  expect(body.status.conditions.map((one: { type: string }) => one.type)).toEqual(['NamesAccepted', 'Established']);
  const { body: found } = await api.call('GET', '/apis/city.example/v1');
  expect(found.resources.map((one: { name: string }) => one.name)).toEqual(['lamps', 'lamps/status']);
});

test('defaults are filled in, unknown fields pruned, generation counted, status kept apart', async () => {
  const { code, body } = await api.call('POST', LAMPS, lamp({ street: 'main', weight: 5, extra: 1 }));
  expect(code).toBe(201);
  expect(body.spec).toEqual({ street: 'main', weight: 5, colour: 'white' });
  expect(body.metadata.generation).toBe(1);
  const status = await api.call('PATCH', `${LAMPS}/l/status`, { status: { lit: true }, spec: { weight: 9 } }, MERGE);
  expect(status.body).toMatchObject({ spec: { weight: 5 }, status: { lit: true }, metadata: { generation: 1 } });
  const spec = await api.call('PATCH', `${LAMPS}/l`, { status: { lit: false }, spec: { weight: 9 } }, MERGE);
  expect(spec.body).toMatchObject({ spec: { weight: 9 }, status: { lit: true }, metadata: { generation: 2 } });
});

test.each<[string, object, string]>([
  ['required', { weight: 1 }, 'spec.street: Required value'],
  [
    'type',
    { street: 7, weight: 1 },
    'spec.street: Invalid value: 7: spec.street in body must be of type string: "integer"',
  ],
  [
    'maximum',
    { street: 'a', weight: 1001 },
    'spec.weight: Invalid value: 1001: spec.weight in body should be less than or equal to 1000',
  ],
  [
    'minimum',
    { street: 'a', weight: -1 },
    'spec.weight: Invalid value: -1: spec.weight in body should be greater than or equal to 0',
  ],
  [
    'enum',
    { street: 'a', weight: 1, colour: 'pink' },
    'spec.colour: Unsupported value: "pink": supported values: "white", "amber"',
  ],
  ['maxLength', { street: 'a'.repeat(21), weight: 1 }, 'spec.street: Too long: may not be more than 20 bytes'],
  [
    'pattern',
    { street: 'A', weight: 1 },
    'spec.street: Invalid value: "A": spec.street in body should match \'^[a-z]+$\'',
  ],
  ['maxItems', { street: 'a', weight: 1, tags: ['a', 'b', 'c'] }, 'spec.tags: Too many: 3: must have at most 2 items'],
  [
    'minItems',
    { street: 'a', weight: 1, tags: [] },
    'spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items',
  ],
  ['map values', { street: 'a', weight: 1, labels: { x: 1 } }, 'spec.labels.x: Invalid value: 1'],
  ['oneOf: none', { street: 'a' }, '"spec" must validate one and only one schema (oneOf). Found none valid'],
  [
    'oneOf: both',
    { street: 'a', weight: 1, off: {} },
    '"spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
])('refuses by %s', async (_, spec, words) => {
  const { code, body } = await api.call('POST', LAMPS, lamp(spec));
  expect(code).toBe(422);
  expect(body).toMatchObject({ reason: 'Invalid', details: { group: 'city.example', kind: 'Lamp', name: 'l' } });
  expect(body.message).toContain('Lamp.city.example "l" is invalid: ');
  expect(body.message).toContain(words);
});

test('Strict names the unknown field', async () => {
  const { code, body } = await api.call('POST', `${LAMPS}?fieldValidation=Strict`, lamp({ street: 'a', wieght: 1 }));
  expect(code).toBe(400);
  expect(body.message).toBe(
    'Lamp in version "v1" cannot be handled as a Lamp: strict decoding error: unknown field "spec.wieght"',
  );
});

test('a PUT must name the version it replaces', async () => {
  await api.call('POST', LAMPS, lamp({ street: 'a', weight: 1 }));
  const { code, body } = await api.call('PUT', `${LAMPS}/l`, lamp({ street: 'b', weight: 1 }));
  expect(code).toBe(422);
  expect(body.message).toContain('metadata.resourceVersion');
});

test('printer columns make the table', async () => {
  await api.call('POST', LAMPS, lamp({ street: 'a', weight: 3 }));
  await api.call('PATCH', `${LAMPS}/l/status`, { status: { conditions: [{ type: 'Lit', status: 'True' }] } }, MERGE);
  const { body } = await api.call(
    'GET',
    LAMPS,
    undefined,
    undefined,
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  );
  expect(body.columnDefinitions.map((one: { name: string; priority: number }) => [one.name, one.priority])).toEqual([
    ['Name', 0],
    ['Street', 0],
    ['Weight', 0],
    ['Lit', 1],
    ['Age', 0],
  ]);
  expect(body.rows[0].cells).toEqual(['l', 'a', 3, 'True', expect.stringMatching(/s$/)]);
});

test('with its definition a resource goes, its objects and its watchers too', async () => {
  await api.call('POST', LAMPS, lamp({ street: 'a', weight: 1 }));
  const watching = api.watch(`${LAMPS}?watch=true`);
  expect(await watching.next()).toMatchObject({ type: 'ADDED' });
  await api.call('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/lamps.city.example');
  expect(await watching.next()).toMatchObject({ type: 'DELETED' });
  expect(await watching.next()).toBeUndefined();
  expect((await api.call('GET', LAMPS)).code).toBe(404);
});

test('a definition that cannot be served is refused by field', async () => {
  const bad = structuredClone(lampDefinition) as unknown as {
    metadata: { name: string };
    spec: { versions: { schema: { openAPIV3Schema: { properties: object } }; additionalPrinterColumns: object[] }[] };
  };
  bad.metadata.name = 'lamp.city.example';
  const [version] = bad.spec.versions;
  if (version === undefined) throw new Error('the fixture has a version');
  version.schema.openAPIV3Schema.properties = {
    spec: { properties: { a: { pattern: '(' } }, not: { 'x-kubernetes-validations': [{ rule: 'true' }] } },
  };
  version.additionalPrinterColumns = [{ name: 'x', type: 'string', jsonPath: '.spec..x' }];
  const { code, body } = await api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', bad);
  expect(code).toBe(422);
  const fields = body.details.causes.map((one: { field: string }) => one.field);
  const at = 'spec.versions[0]';
  expect(fields).toEqual([
    'metadata.name',
    `${at}.schema.openAPIV3Schema.properties[spec].type`,
    `${at}.schema.openAPIV3Schema.properties[spec].properties[a].type`,
    `${at}.schema.openAPIV3Schema.properties[spec].properties[a].pattern`,
    `${at}.schema.openAPIV3Schema.properties[spec].not.x-kubernetes-validations`,
    `${at}.additionalPrinterColumns[0].jsonPath`,
  ]);
});
