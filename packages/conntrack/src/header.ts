import { MessageWriter } from './attributes.ts';

/** Begins a message to or from a netfilter subsystem: netlink header and `nfgenmsg`. `addressFamily` 0 is none. */
export function netfilterMessage(type: number, flags: number, sequence: number, addressFamily: number): MessageWriter {
  const lengthFilledLater = 0;
  const kernelFillsPort = 0;
  return new MessageWriter()
    .host32(lengthFilledLater)
    .host16(type)
    .host16(flags)
    .host32(sequence)
    .host32(kernelFillsPort)
    .u8(addressFamily)
    .u8(0)
    .u16(0);
}
