import { AttributeCursor, formatWords, HOST_LITTLE_ENDIAN } from '@kubecity/conntrack';
import { RowError } from './row-error.ts';

/** Reads one message: its fixed part by place, then its attributes one by one. */
export class RowReader {
  readonly attributes = new AttributeCursor();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;
  #what = '';

  /**
   * @param header bytes of the fixed part
   * @param what is read, for the error
   * @throws RowError when the message is shorter than its fixed part
   */
  open(view: DataView, start: number, end: number, header: number, what: string): void {
    if (end - start < header) throw new RowError(`${what}: ${end - start} bytes, at least ${header} were expected`);
    this.#view = view;
    this.#start = start;
    this.#what = what;
    this.attributes.open(view, start + header, end);
  }

  /** Of the fixed part. */
  u8(at: number): number {
    return this.#view.getUint8(this.#start + at);
  }
  host16(at: number): number {
    return this.#view.getUint16(this.#start + at, HOST_LITTLE_ENDIAN);
  }
  host32(at: number): number {
    return this.#view.getUint32(this.#start + at, HOST_LITTLE_ENDIAN);
  }

  /** The attribute at hand as an address, canonical: 4 bytes are IPv4, 16 are IPv6. */
  address(): string {
    return this.#addressAt(this.attributes.start, this.attributes.end);
  }

  /** Of `struct rtvia`: the family, then an address of it. */
  via(): string {
    const { start, end } = this.attributes;
    const familyBytes = 2;
    return this.#addressAt(start + familyBytes, end);
  }

  /** The attribute at hand as a MAC address; empty when it is none, as of a tunnel that has addresses there. */
  mac(): string {
    const { start, end } = this.attributes;
    if (end - start !== 6) return '';
    let text = byteText(this.#view.getUint8(start));
    for (let at = start + 1; at < end; at++) text += `:${byteText(this.#view.getUint8(at))}`;
    return text;
  }

  /** The attribute at hand as text up to its zero byte. */
  text(): string {
    let text = '';
    for (let at = this.attributes.start; at < this.attributes.end; at++) {
      const code = this.#view.getUint8(at);
      if (code === 0) break;
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** What is nested in the attribute at hand. */
  nested(): RowReader {
    const inner = new RowReader();
    inner.open(this.#view, this.attributes.start, this.attributes.end, 0, this.#what);
    return inner;
  }

  /** @throws RowError when an attribute did not fit */
  close(): void {
    if (this.attributes.broken) throw new RowError(`${this.#what}: an attribute is cut short`);
  }

  #addressAt(start: number, end: number): string {
    const words = new Uint32Array(4);
    const length = end - start;
    if (length !== 4 && length !== 16) throw new RowError(`${this.#what}: an address of ${length} bytes`);
    for (let word = 0; word * 4 < length; word++) words[word] = this.#view.getUint32(start + word * 4);
    return formatWords(length === 4 ? 4 : 6, words);
  }
}

function byteText(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
