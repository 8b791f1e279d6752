import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * Rows of numbers as compressed bytes: the ids (ascending, as differences), then the figures row by row, each times its
 * scale, as LEB128. A figure that is not a whole number after scaling is rounded.
 */
export class PackedRows {
  readonly #scales: readonly number[];

  constructor(scales: readonly number[]) {
    this.#scales = scales;
  }

  /** @param ids ascending */
  pack(ids: readonly number[], rows: Float64Array): Uint8Array {
    const width = this.#scales.length;
    // the largest figure takes eight bytes
    const bytes = new Uint8Array(8 + ids.length * 8 * (width + 1));
    let end = write(bytes, 0, ids.length);
    let before = 0;
    for (const id of ids) {
      end = write(bytes, end, id - before);
      before = id;
    }
    for (let i = 0; i < rows.length; i++) {
      end = write(bytes, end, Math.round((rows[i] as number) * (this.#scales[i % width] as number)));
    }
    return zstdCompressSync(bytes.subarray(0, end));
  }

  /** @throws Error when the bytes are not what `pack` made */
  unpack(packed: Uint8Array): { readonly ids: number[]; readonly rows: Float64Array } {
    const reader = new Reader(zstdDecompressSync(packed));
    const width = this.#scales.length;
    const ids = idsOf(reader);
    const rows = new Float64Array(ids.length * width);
    for (let i = 0; i < rows.length; i++) rows[i] = reader.next() / (this.#scales[i % width] as number);
    return { ids, rows };
  }
}

/** The ids alone of packed rows of any width. */
export const packedIds = (packed: Uint8Array): number[] => idsOf(new Reader(zstdDecompressSync(packed)));

function idsOf(reader: Reader): number[] {
  const length = reader.next();
  let id = 0;
  return Array.from({ length }, () => {
    id += reader.next();
    return id;
  });
}

function write(bytes: Uint8Array, at: number, value: number): number {
  let [rest, end] = [Math.min(Math.max(0, value), Number.MAX_SAFE_INTEGER), at];
  // shifts would cut numbers beyond 32 bits
  while (rest >= 128) {
    bytes[end++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('the rows end too early');
      value += (byte % 128) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
}
