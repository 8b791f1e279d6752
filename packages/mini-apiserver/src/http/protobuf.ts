import { isObject, type Json, type JsonObject } from '../object.ts';
import { badRequest } from '../status.ts';
import fields from './protobuf-fields.json' with { type: 'json' };

/** Requests of Go's typed clients (`kubectl create`, `kubectl auth can-i` since 1.33) come in this encoding. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const messages: { readonly [message: string]: { readonly [number: string]: string } } = fields;
const MAGIC = Buffer.from('k8s\0');

/** Go embeds these structs, so in JSON their fields stand in the message around them. */
const INLINED = new Set(['volumeSource', 'handler', 'localObjectReference', 'ephemeralContainerCommon']);

/**
 * Go writes its zero value for fields that are no pointers; JSON leaves them out. The encoding does not tell which are
 * pointers, so these are named: in all other fields a 0 or false was meant.
 */
const ZERO_IS_ABSENT = new Set(
  'nodePort hostPort healthCheckNodePort minReadySeconds hostNetwork hostPID hostIPC publishNotReadyAddresses paused stdin stdinOnce tty readOnly generation'.split(
    ' ',
  ),
);

/** Reads an object in Kubernetes' protobuf envelope as the JSON it stands for. @throws ApiError BadRequest */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw badRequest('the body is not in the protobuf envelope of Kubernetes');
  const envelope = new Reader(body.subarray(MAGIC.length)).message('runtime.Unknown', { raw: true });
  const { apiVersion, kind } = isObject(envelope.typeMeta) ? envelope.typeMeta : {};
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw badRequest('the envelope names no kind');
  const message = messageOf(apiVersion, kind);
  const raw = Buffer.from(typeof envelope.raw === 'string' ? envelope.raw : '', 'base64');
  return { ...new Reader(raw).message(message), apiVersion, kind };
}

function messageOf(apiVersion: string, kind: string): string {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const own = `${group.replace(/\..*/, '')}.${version}.${kind}`;
  const found = kind === 'DeleteOptions' ? 'meta.v1.DeleteOptions' : own;
  if (messages[found] === undefined) throw badRequest(`no protobuf description of ${apiVersion} ${kind}: send JSON`);
  return found;
}

/** Reads the wire format, checking every length against what is there. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(type: string, { raw = false } = {}): JsonObject {
    const object: JsonObject = {};
    const known = messages[type] ?? {};
    while (this.#at < this.#bytes.length) {
      const tag = Number(this.#varint());
      const field = known[tag >>> 3];
      if (field === undefined) this.#skip(tag & 7);
      else this.#field(object, field, tag & 7);
    }
    return raw ? object : withoutEmpty(object);
  }

  #field(object: JsonObject, field: string, wireType: number): void {
    const split = field.indexOf(':');
    const name = field.slice(0, split);
    const type = field.slice(split + 1);
    if (type.startsWith('{}')) {
      const [key, value] = this.#entry(type.slice(2));
      const map = isObject(object[name]) ? object[name] : {};
      object[name] = { ...map, [key]: value };
    } else if (type.startsWith('[]')) {
      const list = Array.isArray(object[name]) ? object[name] : [];
      list.push(this.#value(type.slice(2), wireType));
      object[name] = list;
    } else {
      const value = this.#value(type, wireType);
      if (INLINED.has(name) && isObject(value)) Object.assign(object, value);
      else object[name] = value;
    }
  }

  #entry(type: string): [string, Json] {
    const inner = new Reader(this.#lengthDelimited());
    let key = '';
    let value: Json = type === 'string' || type.endsWith('Quantity') ? '' : {};
    while (inner.#at < inner.#bytes.length) {
      const tag = Number(inner.#varint());
      if (tag >>> 3 === 1) key = inner.#lengthDelimited().toString('utf8');
      else if (tag >>> 3 === 2) value = inner.#value(type, tag & 7);
      else inner.#skip(tag & 7);
    }
    return [key, value];
  }

  #value(type: string, wireType: number): Json {
    if (wireType === 0) return type === 'bool' ? this.#varint() !== 0n : Number(BigInt.asIntN(64, this.#varint()));
    if (wireType !== 2) throw badRequest(`protobuf wire type ${wireType} is not used by Kubernetes`);
    const bytes = this.#lengthDelimited();
    if (type === 'string') return bytes.toString('utf8');
    if (type === 'bytes') return bytes.toString('base64');
    return asJson(type, new Reader(bytes).message(type));
  }

  #lengthDelimited(): Buffer {
    const length = Number(this.#varint());
    const end = this.#at + length;
    if (end > this.#bytes.length) throw badRequest('the protobuf body is cut short');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw badRequest('the protobuf body is cut short');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw badRequest('a protobuf number is longer than 64 bits');
  }

  #skip(wireType: number): void {
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) this.#lengthDelimited();
    else if (wireType === 5) this.#at += 4;
    else throw badRequest(`protobuf wire type ${wireType} is not used by Kubernetes`);
  }
}

/** Messages that are one value in JSON. */
function asJson(type: string, message: JsonObject): Json {
  switch (type) {
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return typeof message.seconds === 'number' ? new Date(message.seconds * 1000).toISOString() : null;
    case 'util.intstr.IntOrString':
      return message.type === 1 ? (message.strVal ?? '') : (message.intVal ?? 0);
    case 'api.resource.Quantity':
      return message.string ?? '0';
    case 'authorization.v1.ExtraValue':
    case 'authentication.v1.ExtraValue':
      return message.items ?? [];
    default:
      return message;
  }
}

function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([name, value]) =>
        value !== '' && value !== null && !(ZERO_IS_ABSENT.has(name) && (value === 0 || value === false)),
    ),
  );
}
