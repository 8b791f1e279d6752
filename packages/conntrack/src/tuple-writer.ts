import type { MessageWriter } from './attributes.ts';
import { ADDRESS, type AddressPlace, type FlowRow } from './flow-row.ts';
import { AF_INET, AF_INET6, CTA_IP, CTA_PROTOCOL, CTA_TUPLE } from './wire.ts';

/** The fields of one direction; what is absent is not written. Addresses are four words (`parseWords(text).words`). */
export interface TupleFields {
  readonly protocol?: number;
  readonly source?: Uint32Array;
  readonly destination?: Uint32Array;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

export const addressFamily = (family: FlowRow['family']): number => (family === 4 ? AF_INET : AF_INET6);

export function writeTuple(message: MessageWriter, type: number, family: FlowRow['family'], tuple: TupleFields): void {
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  const [sourceType, destinationType] =
    family === 4 ? [CTA_IP.source4, CTA_IP.destination4] : [CTA_IP.source6, CTA_IP.destination6];
  message.nested(type, () => {
    if (source || destination) {
      message.nested(CTA_TUPLE.ip, () => {
        if (source) writeAddress(message, sourceType, family, source);
        if (destination) writeAddress(message, destinationType, family, destination);
      });
    }
    if (protocol === undefined) return;
    message.nested(CTA_TUPLE.protocol, () => {
      message.attribute(CTA_PROTOCOL.number, () => message.u8(protocol));
      if (sourcePort !== undefined) message.attribute(CTA_PROTOCOL.sourcePort, () => message.u16(sourcePort));
      if (destinationPort !== undefined) {
        message.attribute(CTA_PROTOCOL.destinationPort, () => message.u16(destinationPort));
      }
    });
  });
}

export function writeAddress(
  message: MessageWriter,
  type: number,
  family: FlowRow['family'],
  words: Uint32Array,
): void {
  message.attribute(type, () => {
    for (const word of words.subarray(0, family === 4 ? 1 : 4)) message.u32(word);
  });
}

export const originalTuple = (row: FlowRow): TupleFields => ({
  protocol: row.protocol,
  source: addressWords(row, ADDRESS.source),
  destination: addressWords(row, ADDRESS.destination),
  sourcePort: row.sourcePort,
  destinationPort: row.destinationPort,
});

export const replyTuple = (row: FlowRow): TupleFields => ({
  protocol: row.protocol,
  source: addressWords(row, ADDRESS.replySource),
  destination: addressWords(row, ADDRESS.replyDestination),
  sourcePort: row.replySourcePort,
  destinationPort: row.replyDestinationPort,
});

/** The other way round: what the reply of an untranslated flow is. */
export const inverted = ({ protocol, source, destination, sourcePort, destinationPort }: TupleFields): TupleFields => ({
  protocol,
  source: destination,
  destination: source,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});

/** A window into the row: it changes with it. */
export const addressWords = ({ words }: FlowRow, place: AddressPlace): Uint32Array => words.subarray(place, place + 4);
