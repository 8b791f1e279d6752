/** Hexadecimal digits with spaces between, in several pieces. */
export function bytes(...pieces: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(pieces.join('').replaceAll(' ', ''), 'hex'));
}

export function hex(message: Uint8Array): string {
  return Buffer.from(message).toString('hex');
}
