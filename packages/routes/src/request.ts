import { MessageWriter, parseWords } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { AF, NLM_F } from './rtnetlink.ts';

/** Begins a request. */
export function request(type: number, flags: number, sequence: number): MessageWriter {
  const lengthFilledLater = 0;
  const kernelFillsPort = 0;
  return new MessageWriter()
    .host32(lengthFilledLater)
    .host16(type)
    .host16(NLM_F.request | flags)
    .host32(sequence)
    .host32(kernelFillsPort);
}

export function addressFamily(family: Family): number {
  return family === 'IPv4' ? AF.inet : AF.inet6;
}

/** @param address canonical */
export function writeAddress(message: MessageWriter, attribute: number, address: string): void {
  const { family, words } = parseWords(address);
  message.attribute(attribute, () => {
    for (const word of words.subarray(0, family === 4 ? 1 : 4)) message.u32(word);
  });
}

/** @param mac `02:00:…` */
export function writeMac(message: MessageWriter, attribute: number, mac: string): void {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  message.attribute(attribute, () => message.bytes(Uint8Array.from(bytes)));
}
