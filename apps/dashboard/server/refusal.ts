import type { Refusal } from '@kubecity/protocol';

/** A peer that is not let in. socket.io hands `message` and `data` to the peer's `connect_error`. */
export class RefusedPeer extends Error {
  readonly data: { readonly code: Refusal };

  constructor(code: Refusal, message: string) {
    super(message);
    this.data = { code };
  }
}
