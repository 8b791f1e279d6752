import type { Family } from '@kubecity/routing';
import { AttributeCursor } from './attributes.ts';
import { concatenated } from './bytes.ts';
import { type PackedAddress, type PackedEndpoint, readAddress } from './endpoint.ts';
import { IP_PROTOCOL } from './flow-row.ts';
import { forEachMessage, viewOf } from './messages.ts';
import { AF_INET, AF_INET6, CT_NEW, CTA, CTA_IP, CTA_PROTOCOL, CTA_TUPLE, NFGEN_HEADER } from './wire.ts';

/** What deciding over one UDP entry takes. */
export interface UdpFlow {
  /** IP protocol number. */
  readonly protocol: number;
  /** Where the client meant to go (before DNAT). */
  readonly destination: PackedAddress;
  readonly destinationPort: number;
  /** Who answers (after DNAT): the source of the reply direction. */
  readonly answerer: PackedEndpoint;
  readonly status: number;
  /** Conntrack zone; 0 is the default one. */
  readonly zone: number;
}

/** A flow with its name in the kernel. */
export interface UdpEntry extends UdpFlow {
  /** The attributes original tuple, zone and id as the kernel wrote them: exactly this entry, never a later one like it. */
  readonly identity: Uint8Array;
}

interface Tuple {
  readonly protocol: number;
  readonly source: PackedAddress;
  readonly sourcePort: number;
  readonly destination: PackedAddress;
  readonly destinationPort: number;
}

const FAMILY_NUMBER: Record<Family, number> = { IPv4: AF_INET, IPv6: AF_INET6 };
const ADDRESS_BYTES: Record<Family, number> = { IPv4: 4, IPv6: 16 };

/**
 * Reads the UDP entries of one family from received chunks and keeps those that are `wanted`. Entries of other protocols
 * and families are passed over (kernels before 5.8 send them although they were not asked for); UDP entries that lack a
 * tuple, status or id are counted as `malformed`, as is a chunk that ends inside a message.
 */
export class UdpFlowReader {
  readonly entries: UdpEntry[] = [];
  /** UDP entries looked at. */
  seen = 0;
  malformed = 0;

  readonly #family: Family;
  readonly #wanted: (flow: UdpFlow) => boolean;
  // One cursor per depth of nesting.
  readonly #top = new AttributeCursor();
  readonly #middle = new AttributeCursor();
  readonly #inner = new AttributeCursor();

  constructor(family: Family, wanted: (flow: UdpFlow) => boolean) {
    this.#family = family;
    this.#wanted = wanted;
  }

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    const whole = forEachMessage(view, (type, _flags, _sequence, start, end) => {
      if (type !== CT_NEW || end - start < NFGEN_HEADER) return;
      if (view.getUint8(start) === FAMILY_NUMBER[this.#family]) this.#entry(view, start + NFGEN_HEADER, end);
    });
    if (!whole) this.malformed += 1;
  }

  #entry(view: DataView, start: number, end: number): void {
    const top = this.#top;
    const identity: Uint8Array[] = [];
    let original: Tuple | undefined;
    let reply: Tuple | undefined;
    let status: number | undefined;
    let id: number | undefined;
    let zone = 0;
    for (top.open(view, start, end); top.next(); ) {
      switch (top.type) {
        case CTA.tupleOriginal:
          original = this.#tuple(view);
          // The kernel writes this one first: what is not UDP costs no more than that.
          if (original && original.protocol !== IP_PROTOCOL.udp) return;
          identity.push(top.whole());
          break;
        case CTA.tupleReply:
          reply = this.#tuple(view);
          break;
        case CTA.status:
          status = top.u32();
          break;
        case CTA.zone:
          zone = top.u16();
          identity.push(top.whole());
          break;
        case CTA.id:
          id = top.u32();
          identity.push(top.whole());
          break;
      }
    }
    if (top.broken || !original || !reply || status === undefined || id === undefined) {
      this.malformed += 1;
      return;
    }
    this.seen += 1;
    const flow: UdpFlow = {
      protocol: original.protocol,
      destination: original.destination,
      destinationPort: original.destinationPort,
      answerer: reply.source + String.fromCharCode(reply.sourcePort),
      status,
      zone,
    };
    if (this.#wanted(flow)) this.entries.push({ ...flow, identity: concatenated(identity) });
  }

  /** Undefined when anything is missing or cut short. */
  #tuple(view: DataView): Tuple | undefined {
    const middle = this.#middle;
    const inner = this.#inner;
    let protocol = -1;
    let source = '';
    let destination = '';
    let sourcePort = 0;
    let destinationPort = 0;
    for (middle.open(view, this.#top.start, this.#top.end); middle.next(); ) {
      if (middle.type === CTA_TUPLE.ip) {
        for (inner.open(view, middle.start, middle.end); inner.next(); ) {
          if (inner.type === CTA_IP.source4 || inner.type === CTA_IP.source6) source = this.#address(view);
          else if (inner.type === CTA_IP.destination4 || inner.type === CTA_IP.destination6) {
            destination = this.#address(view);
          }
        }
      } else if (middle.type === CTA_TUPLE.protocol) {
        for (inner.open(view, middle.start, middle.end); inner.next(); ) {
          if (inner.type === CTA_PROTOCOL.number) protocol = inner.u8();
          else if (inner.type === CTA_PROTOCOL.sourcePort) sourcePort = inner.u16();
          else if (inner.type === CTA_PROTOCOL.destinationPort) destinationPort = inner.u16();
        }
      }
      if (inner.broken) return undefined;
    }
    if (middle.broken || protocol < 0 || source === '' || destination === '') return undefined;
    return { protocol, source, sourcePort, destination, destinationPort };
  }

  /** Empty when it has not the length of an address of our family. */
  #address(view: DataView): PackedAddress {
    const { start, end } = this.#inner;
    return end - start === ADDRESS_BYTES[this.#family] ? readAddress(view, start, end) : '';
  }
}
