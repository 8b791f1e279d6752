import { expect, test } from 'vitest';
import { decodeProtobuf } from '../src/http/protobuf.ts';
import { ApiError } from '../src/status.ts';

/** As `kubectl create namespace shop` (v1.33) sends it. */
const NAMESPACE = Buffer.from(
  '6b3873000a0f0a02763112094e616d657370616365121c0a140a0473686f7012001a0022002a00320038004200' + '12001a020a001a002200',
  'hex',
);

const text = (field: number, value: string | Buffer) => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
};
const number = (field: number, value: number) => Buffer.from([field << 3, value]);
const join = (...parts: Buffer[]) => Buffer.concat(parts);
const envelope = (apiVersion: string, kind: string, raw: Buffer) =>
  join(Buffer.from('k8s\0'), text(1, join(text(1, apiVersion), text(2, kind))), text(2, raw));

test('reads what kubectl sends', () => {
  expect(decodeProtobuf(NAMESPACE)).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
    spec: {},
    status: {},
  });
});

test('maps, lists, inlined structs, int-or-string and unknown fields', () => {
  const port = join(
    text(1, 'http'),
    text(2, 'TCP'),
    number(3, 80),
    text(4, join(number(1, 1), text(3, 'web'))),
    number(5, 0),
  );
  const spec = join(text(1, port), text(2, join(text(1, 'app'), text(2, 'web'))), text(3, '10.0.0.1'), number(15, 1));
  expect(decodeProtobuf(envelope('v1', 'Service', text(2, spec)))).toMatchObject({
    spec: {
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }],
      selector: { app: 'web' },
      clusterIP: '10.0.0.1',
    },
  });
  const volume = join(text(1, 'v'), text(2, text(2, text(1, 'Memory'))));
  expect(decodeProtobuf(envelope('v1', 'Pod', text(2, text(1, volume))))).toMatchObject({
    spec: { volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }] },
  });
});

test('a field name from a map cannot reach a prototype', () => {
  const object = decodeProtobuf(envelope('v1', 'Service', text(2, text(2, join(text(1, '__proto__'), text(2, 'x'))))));
  expect(Object.getPrototypeOf(object.spec)).toBe(Object.prototype);
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

test.each([
  ['no envelope', Buffer.from('{}')],
  ['cut short', NAMESPACE.subarray(0, 30)],
  ['a length beyond the end', join(Buffer.from('k8s\0'), Buffer.from([0x0a, 0x7f]))],
  ['an endless number', join(Buffer.from('k8s\0'), Buffer.alloc(12, 0xff))],
  ['a kind without description', envelope('batch/v1', 'Job', Buffer.alloc(0))],
])('refuses %s', (_, bytes) => {
  expect(() => decodeProtobuf(bytes)).toThrow(ApiError);
});
