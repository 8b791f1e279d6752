import { familyOf } from '@kubecity/routing';
import { formatWords, parseWords } from './address.ts';
import { AttributeCursor, type MessageWriter } from './attributes.ts';
import { HOST_LITTLE_ENDIAN, NESTED } from './wire.ts';

/** An attribute that we have no name for, as it was: `type` with its flag bits, payload without padding. */
export interface UnknownAttribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Payload of one attribute ↔ value. Both throw RangeError naming the field (`where`) when one cannot be the other. */
export interface Codec {
  readonly nested?: true;
  /** Told apart by the value, where two attributes have one name. */
  accepts?(value: unknown): boolean;
  read(view: DataView, start: number, end: number, where: string): unknown;
  write(message: MessageWriter, value: unknown, where: string): void;
}

export interface Field {
  readonly type: number;
  readonly name: string;
  readonly codec: Codec;
}

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

/** A bigint: counters and nanoseconds pass 2^53. */
export const u64: Codec = {
  read(view, start, end, where) {
    expectBytes(start, end, 8, where);
    return view.getBigUint64(start);
  },
  write(message, value, where) {
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << 64n) {
      throw new RangeError(`${where}: not a bigint of 64 bits: ${value}`);
    }
    message.u32(Number(value >> 32n)).u32(Number(value & 0xffff_ffffn));
  },
};

export const bytes: Codec = {
  read: (view, start, end) => payloadOf(view, start, end),
  write(message, value, where) {
    if (!(value instanceof Uint8Array)) throw new RangeError(`${where}: not a Uint8Array: ${value}`);
    message.bytes(value);
  },
};

/** Canonical text. */
export const address4 = address('IPv4', 4);
export const address6 = address('IPv6', 16);

/**
 * An object with a property for each known attribute, in the order of the wire, and `unknown` for the others. Of an
 * attribute that comes twice the last one counts, as for the kernel. Writing keeps the order of the properties.
 */
export function record(...fields: readonly Field[]): Codec {
  const byType = new Map(fields.map((field) => [field.type, field]));
  return {
    nested: true,
    read(view, start, end, where) {
      const values: Record<string, unknown> = {};
      const unknown: UnknownAttribute[] = [];
      const cursor = new AttributeCursor();
      for (cursor.open(view, start, end); cursor.next(); ) {
        const field = byType.get(cursor.type);
        if (field) values[field.name] = field.codec.read(view, cursor.start, cursor.end, `${where}.${field.name}`);
        else unknown.push({ type: typeOf(view, cursor), payload: payloadOf(view, cursor.start, cursor.end) });
      }
      if (cursor.broken) throw new RangeError(`${where}: an attribute is cut short`);
      return unknown.length > 0 ? { ...values, unknown } : values;
    },
    write(message, value, where) {
      const { unknown = [], ...values } = value as Record<string, unknown> & { unknown?: readonly UnknownAttribute[] };
      for (const [name, part] of Object.entries(values)) {
        if (part === undefined) continue;
        const field = fields.find((each) => each.name === name && (each.codec.accepts?.(part) ?? true));
        if (!field) throw new RangeError(`${where}.${name}: no attribute for ${part}`);
        const { type, codec } = field;
        message.attribute(codec.nested ? type | NESTED : type, () => codec.write(message, part, `${where}.${name}`));
      }
      for (const { type, payload } of unknown) message.attribute(type, () => message.bytes(payload));
    },
  };
}

function unsigned(size: 1 | 2 | 4): Codec {
  return {
    read(view, start, end, where) {
      expectBytes(start, end, size, where);
      return size === 1 ? view.getUint8(start) : size === 2 ? view.getUint16(start) : view.getUint32(start);
    },
    write(message, value, where) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
        throw new RangeError(`${where}: not a number of ${8 * size} bits: ${value}`);
      }
      if (size === 1) message.u8(value);
      else if (size === 2) message.u16(value);
      else message.u32(value);
    },
  };
}

function address(family: 'IPv4' | 'IPv6', size: 4 | 16): Codec {
  return {
    accepts: (value) => typeof value === 'string' && familyOf(value) === family,
    read(view, start, end, where) {
      expectBytes(start, end, size, where);
      const words = Uint32Array.from({ length: size / 4 }, (_, word) => view.getUint32(start + 4 * word));
      return formatWords(family === 'IPv4' ? 4 : 6, words);
    },
    write(message, value, where) {
      try {
        for (const word of parseWords(String(value)).words.subarray(0, size / 4)) message.u32(word);
      } catch (cause) {
        throw new RangeError(`${where}: no address: ${value}`, { cause });
      }
    },
  };
}

function expectBytes(start: number, end: number, size: number, where: string): void {
  if (end - start !== size) throw new RangeError(`${where}: ${end - start} bytes instead of ${size}`);
}

/** With the flag bits, which the cursor leaves out. */
const typeOf = (view: DataView, { start }: AttributeCursor): number => view.getUint16(start - 2, HOST_LITTLE_ENDIAN);

const payloadOf = ({ buffer, byteOffset }: DataView, start: number, end: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset + start, end - start).slice();
