import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, startApi } from './api-client.ts';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GATES = '/apis/city.example/v1/gates';
const MERGE = 'application/merge-patch+json';

const gate = (spec: object, name = 'g') => ({ apiVersion: 'city.example/v1', kind: 'Gate', metadata: { name }, spec });

const STATUS = { type: 'object', properties: { open: { type: 'boolean' } } };

/** A cluster-scoped kind with rules at every level. */
const definition = (spec: object, more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gates.city.example' },
  spec: {
    group: 'city.example',
    scope: 'Cluster',
    names: { plural: 'gates', kind: 'Gate', shortNames: ['gt'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Width', type: 'integer', jsonPath: '.spec.width' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', ...spec }, status: STATUS },
            ...more,
          },
        },
      },
    ],
  },
});

const PROPERTIES = {
  width: { type: 'integer' },
  share: { type: 'number' },
  drain: { type: 'object', properties: { existing: { type: 'string' }, after: { type: 'integer' } } },
  from: { type: 'string', format: 'date-time' },
  to: { type: 'string', format: 'date-time' },
  port: { 'x-kubernetes-int-or-string': true },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  'night-shift': { type: 'boolean', nullable: true },
  keepers: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, level: { type: 'integer' } } },
  },
};

interface Rule {
  rule: string;
  message?: string;
  [field: string]: unknown;
}

const ruled = (...rules: Rule[]) => definition({ properties: PROPERTIES, 'x-kubernetes-validations': rules });

/** Serves the definition and tells what becomes of a new object. */
async function outcome(crd: object, spec: object): Promise<string> {
  const made = await api.call('POST', CRDS, crd);
  expect(made.body.message ?? 'made').toBe('made');
  const { code, body } = await api.call('POST', GATES, gate(spec));
  return code === 201 ? 'valid' : `${code} ${body.message}`;
}

const refused = (words: string) => `422 Gate.city.example "g" is invalid: ${words}`;

test.each<[string, object, boolean]>([
  ['[has(self.width), has(self.share), has(self.drain)].exists_one(given, given)', { width: 1 }, true],
  ['[has(self.width), has(self.share), has(self.drain)].exists_one(given, given)', { width: 1, drain: {} }, false],
  ['!has(self.drain) || !has(self.drain.after) || self.drain.after > 0', { drain: { after: 0 } }, false],
  ['!has(self.drain) || !has(self.drain.after) || self.drain.after > 0', {}, true],
  ['timestamp(self.from) < self.to', { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00+01:00' }, true],
  ['self.from < self.to', { from: '2026-01-02T00:00:00Z', to: '2026-01-02T00:00:00+01:00' }, false],
  ['self.to - self.from <= duration("1h")', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' }, true],
  ['self.to - self.from <= duration("1h")', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:01Z' }, false],
  ['self.labels.all(key, key.startsWith("a") && self.labels[key].size() < 3)', { labels: { a: 'xy', ab: '' } }, true],
  ['self.labels.all(key, key.startsWith("a") && self.labels[key].size() < 3)', { labels: { b: 'xy' } }, false],
  ['self.keepers.exists(one, one.name == "ann" && has(one.level))', { keepers: [{ name: 'ann', level: 1 }] }, true],
  ['self.keepers.exists(one, one.name == "ann" && has(one.level))', { keepers: [{ name: 'ann' }] }, false],
  [
    'self.keepers.map(one, one.level).sum() == 3',
    {
      keepers: [
        { name: 'a', level: 1 },
        { name: 'b', level: 2 },
      ],
    },
    true,
  ],
  ['size(self.keepers) in [1, 2]', { keepers: [{ name: 'a' }] }, true],
  ['self.share >= 0.5 && self.width * 2 > 7', { share: 0.5, width: 4 }, true],
  ['self.night__dash__shift', { 'night-shift': true }, true],
  ['type(self.port) == string ? self.port.matches("^[a-z]+$") : self.port < 10', { port: 'http' }, true],
  ['type(self.port) == string ? self.port.matches("^[a-z]+$") : self.port < 10', { port: 80 }, false],
  ['self.drain.existing.replace("a", "b").find("b+").upperAscii() == "BB"', { drain: { existing: 'xaax' } }, true],
])('%s of %j is %s', async (rule, spec, valid) => {
  const found = await outcome(ruled({ rule, message: 'as it should' }), spec);
  expect(found).toBe(valid ? 'valid' : refused('spec: Invalid value: "object": as it should'));
});

test('the words of a broken rule: message, message expression, rule; field path and reason', async () => {
  const crd = ruled(
    { rule: 'self.width > 1', message: ' too narrow ' },
    { rule: 'self.width > 2', message: 'unused', messageExpression: '"wider than " + string(self.width) + ", please"' },
    { rule: 'self.width > 3', message: 'expression failed', messageExpression: 'self.drain.existing' },
    { rule: ' self.width > 4 ' },
    { rule: 'self.width > 5', message: 'there', fieldPath: '.drain.after', reason: 'FieldValueRequired' },
    { rule: 'self.width > 6', message: 'no', fieldPath: "['width']", reason: 'FieldValueForbidden' },
  );
  expect(await outcome(crd, { width: 9 })).toBe('valid');
  const narrow = await api.call('PATCH', `${GATES}/g`, { spec: { width: 1 } }, MERGE);
  expect(
    narrow.body.details.causes.map((one: { field: string; message: string }) => `${one.field}: ${one.message}`),
  ).toEqual([
    'spec: Invalid value: "object": too narrow',
    'spec: Invalid value: "object": wider than 1, please',
    'spec: Invalid value: "object": expression failed',
    'spec: Invalid value: "object": failed rule: self.width > 4',
    'spec.drain.after: Required value: there',
    'spec.width: Forbidden: no',
  ]);
});

test('a rule that fails to be evaluated is broken', async () => {
  expect(await outcome(ruled({ rule: 'self.share > 0.5', message: 'm' }), { width: 1 })).toBe(
    refused('spec: Invalid value: "object": no such key: share evaluating rule: m'),
  );
});

test('rules at every level, told at their place', async () => {
  const positive = (message: string) => [{ rule: 'self > 0', message }];
  const crd = definition(
    {
      properties: {
        width: { type: 'integer', 'x-kubernetes-validations': positive('width') },
        list: { type: 'array', items: { type: 'integer', 'x-kubernetes-validations': positive('item') } },
        map: {
          type: 'object',
          additionalProperties: { type: 'integer', 'x-kubernetes-validations': positive('value') },
        },
      },
    },
    { 'x-kubernetes-validations': [{ rule: 'self.metadata.name.size() < 2 && self.kind == "Gate"', message: 'root' }] },
  );
  expect(await outcome(crd, { width: 0, list: [1, 0], map: { a: 1, b: -1 } })).toBe(
    refused(
      '[spec.width: Invalid value: "integer": width, spec.list[1]: Invalid value: "integer": item, spec.map[b]: Invalid value: "integer": value]',
    ),
  );
  const long = await api.call('POST', GATES, gate({ width: 1 }, 'gg'));
  expect(long.body.message).toBe('Gate.city.example "gg" is invalid: <nil>: Invalid value: "object": root');
});

test('transition rules see the object before, lists of keyed items by their key; a new object has none', async () => {
  const keepers = structuredClone(PROPERTIES.keepers) as { items: object };
  Object.assign(keepers.items, {
    'x-kubernetes-validations': [
      { rule: '!has(oldSelf.level) || self.level >= oldSelf.level', message: 'no way down' },
    ],
  });
  const crd = definition({
    properties: { ...PROPERTIES, keepers },
    'x-kubernetes-validations': [
      { rule: 'self.width == oldSelf.width', message: 'width is immutable' },
      { rule: 'self.drain == oldSelf.drain || self.keepers != oldSelf.keepers', message: 'one at a time' },
      { rule: '!oldSelf.hasValue() || oldSelf.value().share <= self.share', message: 'shrinks', optionalOldSelf: true },
    ],
  });
  const spec = {
    width: 1,
    share: 2,
    drain: { after: 1 },
    keepers: [
      { name: 'a', level: 1 },
      { name: 'b', level: 5 },
    ],
  };
  expect(await outcome(crd, spec)).toBe('valid');
  const change = (body: object) => api.call('PATCH', `${GATES}/g`, { spec: body }, MERGE);
  const causes = async (body: object) =>
    (await change(body)).body.details?.causes.map(
      (one: { field: string; message: string }) => `${one.field} ${one.message.split(': ').at(-1)}`,
    );
  expect(await causes({ width: 2 })).toEqual(['spec width is immutable']);
  expect(await causes({ share: 1 })).toEqual(['spec shrinks']);
  expect(await causes({ drain: { after: 2 } })).toEqual(['spec one at a time']);
  expect(
    await causes({
      keepers: [
        { name: 'b', level: 4 },
        { name: 'a', level: 3 },
      ],
    }),
  ).toEqual(['spec.keepers[0] no way down']);
  expect(
    (
      await change({
        keepers: [
          { name: 'b', level: 5 },
          { name: 'c', level: 0 },
        ],
      })
    ).code,
  ).toBe(200);
});

test('a rule with an optional oldSelf also sees new objects', async () => {
  const rule = { rule: 'oldSelf.hasValue() || self.width > 1', message: 'starts wide', optionalOldSelf: true };
  expect(await outcome(ruled(rule), { width: 1 })).toBe(refused('spec: Invalid value: "object": starts wide'));
  await api.call('POST', GATES, gate({ width: 2 }));
  expect((await api.call('PATCH', `${GATES}/g`, { spec: { width: 1 } }, MERGE)).code).toBe(200);
});

test('rules wait until the shape is right', async () => {
  const made = await outcome(ruled({ rule: 'self.width > 1' }), { width: 'x' });
  expect(made).toContain('spec.width: Invalid value: "x": spec.width in body must be of type integer: "string"');
  expect(made).toContain('<nil>: Invalid value: null: some validation rules were not checked');
});

const RULE = 'spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]';
test.each<[string, Rule, string, string]>([
  [
    'a field that is not there',
    { rule: 'self.widht > 1' },
    'rule',
    `compilation failed: ERROR: <input>:1:6: undefined field 'widht'`,
  ],
  ['a field asked for by has', { rule: 'has(self.widht)' }, 'rule', `undefined field 'widht'`],
  ['has inside a macro', { rule: 'self.keepers.all(k, !has(k.nam))' }, 'rule', `undefined field 'nam'`],
  ['a name nobody knows', { rule: 'now > self.from' }, 'rule', `undeclared reference to 'now' (in container '')`],
  [
    'a function nobody knows',
    { rule: 'isIP(self.drain.existing)' },
    'rule',
    `found no matching overload for 'isIP(string)'`,
  ],
  ['types that do not go together', { rule: 'self.width == "1"' }, 'rule', 'no such overload: int == string'],
  ['no syntax', { rule: 'self.width >' }, 'rule', 'compilation failed: ERROR: <input>:1:13: Unexpected token: EOF'],
  ['no yes or no', { rule: 'self.width' }, 'rule', 'must evaluate to a bool'],
  ['nothing', { rule: ' ' }, 'rule', 'rule is not specified'],
  [
    'a message that is no text',
    { rule: 'true', messageExpression: 'self.width' },
    'messageExpression',
    'must evaluate to a string',
  ],
  ['a path to nowhere', { rule: 'true', fieldPath: '.drain.nope' }, 'fieldPath', 'does not refer to a valid field'],
  ['a reason of its own', { rule: 'true', reason: 'Because' }, 'reason', 'supported values: "FieldValueRequired"'],
  [
    'a rule of many lines without words',
    { rule: 'self.width\n> 1' },
    'message',
    'message must be specified if rule contains line breaks',
  ],
])('a definition is refused for %s', async (_, rule, field, words) => {
  const { code, body } = await api.call('POST', CRDS, ruled(rule));
  expect([code, body.details.causes.map((one: { field: string }) => one.field)]).toEqual([422, [`${RULE}.${field}`]]);
  expect(body.details.causes[0].message).toContain(words);
});

test('oldSelf below a list without keys, and rules in a junctor, are refused', async () => {
  const items = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] };
  const list = definition({ properties: { list: { type: 'array', items } } });
  expect((await api.call('POST', CRDS, list)).body.details.causes[0].message).toContain(
    'oldSelf cannot be used on the uncorrelatable portion of the schema within properties[spec].properties[list]',
  );
  const junctor = definition({ properties: PROPERTIES, anyOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] });
  expect((await api.call('POST', CRDS, junctor)).body.details.causes[0]).toMatchObject({
    field: 'spec.versions[0].schema.openAPIV3Schema.properties[spec].anyOf[0].x-kubernetes-validations',
  });
});

test('a cluster-scoped kind: discovery, table, status, no namespace', async () => {
  await outcome(ruled({ rule: 'true' }), { width: 3 });
  const { body } = await api.call('GET', '/apis/city.example/v1');
  expect(body.resources).toMatchObject([
    { name: 'gates', namespaced: false, shortNames: ['gt'] },
    { name: 'gates/status' },
  ]);
  const shown = await api.call(
    'GET',
    GATES,
    undefined,
    undefined,
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  );
  expect(shown.body.rows.map((row: { cells: unknown[] }) => row.cells)).toEqual([['g', 3]]);
  const status = await api.call('PATCH', `${GATES}/g/status`, { status: { open: true }, spec: { width: 4 } }, MERGE);
  expect(status.body).toMatchObject({ spec: { width: 3 }, status: { open: true } });
  const inside = await api.call('GET', '/apis/city.example/v1/namespaces/default/gates');
  expect(inside.code).toBe(404);
});
