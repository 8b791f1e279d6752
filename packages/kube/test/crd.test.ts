import { readFileSync } from 'node:fs';
import { overrideSpec } from '@kubecity/routing';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterRoutingOverrideCrd, connect, ensureCrd, type KubeClient, routingOverrideCrd } from '../src/index.ts';
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

const both = [
  ['routingoverride', routingOverrideCrd],
  ['clusterroutingoverride', clusterRoutingOverrideCrd],
] as const;
type Crd = typeof routingOverrideCrd;
const schemaOf = (crd: Crd) => crd.spec.versions[0]?.schema.openAPIV3Schema.properties;

describe.each(both)('the CRD of a %s', (file, crd) => {
  const spec = schemaOf(crd)?.spec;

  test('is what stands in the file to apply', () => {
    const text = readFileSync(new URL(`../../../deploy/base/${file}-crd.yaml`, import.meta.url), 'utf8');
    expect(parse(text)).toEqual(crd);
  });

  test('knows exactly the fields that routing parses', () => {
    const fields = (properties: object | undefined) => Object.keys(properties ?? {}).sort();
    const { backends, drain, ramp } = overrideSpec.shape;
    expect(fields(spec?.properties)).toEqual(fields(overrideSpec.shape));
    expect(fields(spec?.properties.backends.properties)).toEqual(fields(backends.unwrap().shape));
    expect(fields(spec?.properties.drain.properties)).toEqual(fields(drain.unwrap().shape));
    expect(fields(spec?.properties.ramp.properties)).toEqual(fields(ramp.unwrap().shape));
  });

  test('fills in the defaults that routing fills in', () => {
    const parsed = overrideSpec.parse({ service: 'cart', drain: {} });
    const filled = (properties: object | undefined) =>
      Object.fromEntries(
        Object.entries(properties ?? {}).flatMap(([field, { default: value }]) =>
          value === undefined ? [] : [[field, value]],
        ),
      );
    expect(filled(spec?.properties)).toEqual({ allowEmpty: parsed.allowEmpty });
    expect(filled(spec?.properties.drain.properties)).toEqual(parsed.drain);
  });

  test('bounds every list and text, since the cost of a rule is judged by what could be there', () => {
    const unbounded: string[] = [];
    let seen = 0;
    const look = (path: string, schema: Record<string, unknown>) => {
      seen++;
      const { type, items, properties, additionalProperties } = schema;
      if (type === 'array' && !('maxItems' in schema)) unbounded.push(path);
      if (type === 'string' && !('maxLength' in schema || 'enum' in schema)) unbounded.push(path);
      if (additionalProperties && !('maxProperties' in schema)) unbounded.push(path);
      for (const child of [items, additionalProperties]) if (child) look(`${path}[]`, child as typeof schema);
      for (const [name, child] of Object.entries(properties ?? {})) look(`${path}.${name}`, child);
    };
    look('spec', spec as unknown as Record<string, unknown>);
    expect(unbounded).toEqual([]);
    expect(seen).toBeGreaterThan(20);
  });

  test('has rules that name a field of the schema, a reason that API servers know, and what routing would say', () => {
    const fields = new Map(
      Object.entries(spec?.properties ?? {}).map(([name, schema]) => [name, new Map(Object.entries(schema))]),
    );
    for (const { fieldPath, reason, rule, message } of spec?.['x-kubernetes-validations'] ?? []) {
      const [, field = '', inner] = fieldPath.split('.');
      expect([...fields.keys()], rule).toContain(field);
      if (inner) expect(Object.keys(fields.get(field)?.get('properties') ?? {}), rule).toContain(inner);
      expect(['FieldValueRequired', 'FieldValueInvalid', 'FieldValueForbidden']).toContain(reason);
      expect(message).not.toBe('');
    }
    expect(spec?.['x-kubernetes-validations'].length).toBeGreaterThan(7);
  });
});

test('an absent CRD is created and waited for, and so is the second', async () => {
  for (const [, crd] of both) {
    server.answer(
      refusal(404, 'NotFound'),
      json({}, 201),
      json({ ...crd, status: {} }),
      json({ ...crd, ...established }),
    );
  }
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'POST', 'GET', 'GET', 'GET', 'POST', 'GET', 'GET']);
  expect(JSON.parse(server.bodies[1] ?? '')).toEqual(routingOverrideCrd);
  expect(JSON.parse(server.bodies[5] ?? '')).toEqual(clusterRoutingOverrideCrd);
});

test('CRDs that the server filled with its defaults are left alone', async () => {
  for (const [, crd] of both) {
    const stored = { ...crd, spec: { ...crd.spec, conversion: { strategy: 'None' } }, ...established };
    server.answer(json(stored), json(stored));
  }
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'GET', 'GET', 'GET']);
});

test('an older schema is replaced, at the version that was read', async () => {
  const [version] = routingOverrideCrd.spec.versions;
  const spec = { ...routingOverrideCrd.spec, versions: [{ ...version, additionalPrinterColumns: [] }] };
  const cluster = { ...clusterRoutingOverrideCrd, ...established };
  server.answer(json({ metadata: { resourceVersion: '8' }, spec }), json({}), json(established));
  server.answer(json(cluster), json(cluster));
  await ensureCrd(client);
  expect(methods()).toEqual(['GET', 'PUT', 'GET', 'GET', 'GET']);
  expect(JSON.parse(server.bodies[1] ?? '').metadata.resourceVersion).toBe('8');
});

test('no right to look: the refusal goes to the caller', async () => {
  server.answer(refusal(403, 'Forbidden'));
  await expect(ensureCrd(client)).rejects.toMatchObject({ code: 'forbidden' });
});
