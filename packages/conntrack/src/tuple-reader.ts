import { AttributeCursor } from './attributes.ts';
import { ADDRESS, type FlowRow } from './flow-row.ts';
import { ATTRIBUTE_HEADER, CTA_IP, CTA_PROTOCOL, CTA_TUPLE, HOST_LITTLE_ENDIAN, NESTED } from './wire.ts';

/** The header of an attribute as the one number that stands in memory. */
function headerOf(type: number, payload: number): number {
  const length = ATTRIBUTE_HEADER + payload;
  return (HOST_LITTLE_ENDIAN ? (type << 16) | length : (length << 16) | type) >>> 0;
}

/** How a tuple is laid out in a family, each attribute by its offset and header. */
class Layout {
  readonly bytes: number;
  readonly addressWords: number;
  readonly source = ATTRIBUTE_HEADER;
  readonly destination: number;
  readonly protocol: number;
  readonly addressesHeader: number;
  readonly sourceHeader: number;
  readonly destinationHeader: number;

  constructor(sourceType: number, destinationType: number, addressBytes: number) {
    const address = ATTRIBUTE_HEADER + addressBytes;
    this.addressWords = addressBytes / 4;
    this.destination = this.source + address;
    this.protocol = this.destination + address;
    this.bytes = this.protocol + ATTRIBUTE_HEADER + PROTOCOL_BYTES;
    this.addressesHeader = headerOf(CTA_TUPLE.ip | NESTED, 2 * address);
    this.sourceHeader = headerOf(sourceType, addressBytes);
    this.destinationHeader = headerOf(destinationType, addressBytes);
  }
}

/** Number and two ports, each padded to 8 bytes. */
const PROTOCOL_BYTES = 24;
const PROTOCOL_HEADER = headerOf(CTA_TUPLE.protocol | NESTED, PROTOCOL_BYTES);
const NUMBER_HEADER = headerOf(CTA_PROTOCOL.number, 1);
const SOURCE_PORT_HEADER = headerOf(CTA_PROTOCOL.sourcePort, 2);
const DESTINATION_PORT_HEADER = headerOf(CTA_PROTOCOL.destinationPort, 2);
const LAYOUT4 = new Layout(CTA_IP.source4, CTA_IP.destination4, 4);
const LAYOUT6 = new Layout(CTA_IP.source6, CTA_IP.destination6, 16);

/**
 * Reads one direction into a row of that family: addresses, protocol, ports, and of the original direction the zone. Ports
 * and zone may be missing; false says that something else is, or that the tuple is cut short. Half of a dump is tuples, and
 * kernels lay out nearly all of them alike: that is tried first and takes half the time of a walk.
 */
export class TupleReader {
  // One cursor per depth of nesting.
  readonly #parts = new AttributeCursor();
  readonly #fields = new AttributeCursor();

  read(view: DataView, start: number, end: number, row: FlowRow, original: boolean): boolean {
    return readUsual(view, start, end, row, original) || this.#walk(view, start, end, row, original);
  }

  #walk(view: DataView, start: number, end: number, row: FlowRow, original: boolean): boolean {
    const parts = this.#parts;
    const fields = this.#fields;
    let addresses = 0;
    let protocol = -1;
    let sourcePort = 0;
    let destinationPort = 0;
    let sound = true;
    for (parts.open(view, start, end); parts.next(); ) {
      if (parts.type === CTA_TUPLE.ip) {
        for (fields.open(view, parts.start, parts.end); fields.next(); ) {
          addresses |= readAddress(view, fields, row, original);
        }
        sound &&= !fields.broken;
      } else if (parts.type === CTA_TUPLE.protocol) {
        for (fields.open(view, parts.start, parts.end); fields.next(); ) {
          if (fields.type === CTA_PROTOCOL.number) protocol = fields.u8();
          else if (fields.type === CTA_PROTOCOL.sourcePort) sourcePort = fields.u16();
          else if (fields.type === CTA_PROTOCOL.destinationPort) destinationPort = fields.u16();
        }
        sound &&= !fields.broken;
      } else if (parts.type === CTA_TUPLE.zone && original) row.zone = parts.u16();
    }
    writeProtocol(row, original, protocol, sourcePort, destinationPort);
    return sound && !parts.broken && addresses === BOTH && protocol >= 0;
  }
}

/** False when the tuple is laid out in another way; nothing is written then. */
function readUsual(view: DataView, start: number, end: number, row: FlowRow, original: boolean): boolean {
  const layout = row.family === 4 ? LAYOUT4 : LAYOUT6;
  if (end - start !== layout.bytes) return false;
  const source = start + layout.source;
  const destination = start + layout.destination;
  const protocol = start + layout.protocol;
  if (
    view.getUint32(start, HOST_LITTLE_ENDIAN) !== layout.addressesHeader ||
    view.getUint32(source, HOST_LITTLE_ENDIAN) !== layout.sourceHeader ||
    view.getUint32(destination, HOST_LITTLE_ENDIAN) !== layout.destinationHeader ||
    view.getUint32(protocol, HOST_LITTLE_ENDIAN) !== PROTOCOL_HEADER ||
    view.getUint32(protocol + 4, HOST_LITTLE_ENDIAN) !== NUMBER_HEADER ||
    view.getUint32(protocol + 12, HOST_LITTLE_ENDIAN) !== SOURCE_PORT_HEADER ||
    view.getUint32(protocol + 20, HOST_LITTLE_ENDIAN) !== DESTINATION_PORT_HEADER
  ) {
    return false;
  }
  const { words } = row;
  const place = original ? ADDRESS.source : ADDRESS.replySource;
  for (let word = 0; word < layout.addressWords; word += 1) {
    words[place + word] = view.getUint32(source + 4 + 4 * word);
    words[place + ADDRESS.destination + word] = view.getUint32(destination + 4 + 4 * word);
  }
  const number = view.getUint8(protocol + 8);
  writeProtocol(row, original, number, view.getUint16(protocol + 16), view.getUint16(protocol + 24));
  return true;
}

const SOURCE = 1;
const DESTINATION = 2;
const BOTH = SOURCE | DESTINATION;

/** Which of the two the field at hand is: 0 when neither, or cut short. */
function readAddress(view: DataView, field: AttributeCursor, row: FlowRow, original: boolean): number {
  const [sourceType, destinationType, words] =
    row.family === 4 ? [CTA_IP.source4, CTA_IP.destination4, 1] : [CTA_IP.source6, CTA_IP.destination6, 4];
  const isSource = field.type === sourceType;
  if ((!isSource && field.type !== destinationType) || !field.has(4 * words)) return 0;
  const place = (original ? ADDRESS.source : ADDRESS.replySource) + (isSource ? 0 : ADDRESS.destination);
  for (let word = 0; word < words; word += 1) row.words[place + word] = view.getUint32(field.start + 4 * word);
  return isSource ? SOURCE : DESTINATION;
}

function writeProtocol(
  row: FlowRow,
  original: boolean,
  protocol: number,
  sourcePort: number,
  destinationPort: number,
): void {
  if (original) {
    row.protocol = protocol;
    row.sourcePort = sourcePort;
    row.destinationPort = destinationPort;
  } else {
    row.replySourcePort = sourcePort;
    row.replyDestinationPort = destinationPort;
  }
}
