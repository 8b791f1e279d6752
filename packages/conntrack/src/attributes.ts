import { ATTRIBUTE_HEADER, ATTRIBUTE_TYPE_MASK, align4, HOST_LITTLE_ENDIAN, NESTED } from './wire.ts';

/**
 * Walks netlink attributes in place. One cursor serves many messages, so that a row costs no object:
 * `for (cursor.open(view, start, end); cursor.next(); ) switch (cursor.type) …`.
 * Never leaves [start, end): an attribute whose length does not fit ends the walk with `broken` set.
 */
export class AttributeCursor {
  type = 0;
  /** Payload of the attribute at hand. */
  start = 0;
  end = 0;
  broken = false;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #next = 0;
  #limit = 0;

  open(view: DataView, start: number, limit: number): void {
    this.#view = view;
    this.#next = start;
    this.#limit = limit;
    this.broken = false;
  }

  next(): boolean {
    const offset = this.#next;
    if (offset >= this.#limit) return false;
    if (offset + ATTRIBUTE_HEADER > this.#limit) return this.#break();
    const length = this.#view.getUint16(offset, HOST_LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER || length > this.#limit - offset) return this.#break();
    this.type = this.#view.getUint16(offset + 2, HOST_LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    this.start = offset + ATTRIBUTE_HEADER;
    this.end = offset + length;
    this.#next = offset + align4(length);
    return true;
  }

  /** Payload as u8, u16 or u32 in network order; too short a payload breaks the walk and reads as 0. */
  u8(): number {
    return this.has(1) ? this.#view.getUint8(this.start) : 0;
  }
  u16(): number {
    return this.has(2) ? this.#view.getUint16(this.start) : 0;
  }
  u32(): number {
    return this.has(4) ? this.#view.getUint32(this.start) : 0;
  }
  /** u32 in host order, as rtnetlink has its numbers. */
  host32(): number {
    return this.has(4) ? this.#view.getUint32(this.start, HOST_LITTLE_ENDIAN) : 0;
  }
  /** u64 as a number: exact below 2^53, which a byte counter reaches after 9 PB. */
  u64(): number {
    return this.has(8) ? this.#view.getUint32(this.start) * 0x1_0000_0000 + this.#view.getUint32(this.start + 4) : 0;
  }

  /** Whether the payload has at least so many bytes; too short a one breaks the walk. */
  has(bytes: number): boolean {
    if (this.end - this.start >= bytes) return true;
    this.#break();
    return false;
  }

  #break(): false {
    this.broken = true;
    this.#next = this.#limit;
    return false;
  }
}

/** Builds one message: header fields first, then attributes; lengths are filled in as blocks close. */
export class MessageWriter {
  #bytes = new Uint8Array(512);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  host16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, HOST_LITTLE_ENDIAN);
    return this;
  }
  host32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, HOST_LITTLE_ENDIAN);
    return this;
  }
  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }
  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }
  u64(value: number): this {
    return this.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  attribute(type: number, body: () => void): this {
    const start = this.#length;
    this.host16(0).host16(type);
    body();
    const length = this.#length - start;
    if (length > 0xffff)
      throw new RangeError(`attribute ${type} has ${length} bytes, more than its length field can say`);
    this.#view.setUint16(start, length, HOST_LITTLE_ENDIAN);
    this.#grow(align4(this.#length) - this.#length);
    return this;
  }
  nested(type: number, body: () => void): this {
    return this.attribute(type | NESTED, body);
  }

  /** The message, its total length written into the first four bytes. */
  finish(): Uint8Array {
    this.#view.setUint32(0, this.#length, HOST_LITTLE_ENDIAN);
    return this.written();
  }
  /** What was written as it is: attributes without a message around them. */
  written(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Where the next `by` bytes go; bytes and view may be others afterwards. */
  #grow(by: number): number {
    const offset = this.#length;
    this.#length += by;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return offset;
  }
}
