import { WebSocket as WebSocketTransport } from 'socket.io-client';
import { ASK_FOR_MAP, type EarlyLink } from './early-start.ts';

/** socket.io's web socket. Its first connection is the one that the page's first script has opened, if that still stands. */
export class EarlyTransport extends WebSocketTransport {
  override createSocket(uri: string, protocols: string | string[] | undefined, opts: Record<string, unknown>) {
    const early = takeEarly();
    return early ? new HeardSocket(early) : super.createSocket(uri, protocols, opts);
  }
}

function takeEarly(): EarlyLink | undefined {
  const early = window.kubecityEarly;
  window.kubecityEarly = undefined;
  return early && early.socket.readyState <= WebSocket.OPEN ? early : undefined;
}

/**
 * A web socket that has been open for a while, as if it opened now: what it heard is said again, one message in each task,
 * before what it hears from now on.
 */
export class HeardSocket {
  onopen?: () => void;
  onmessage?: (event: { readonly data: unknown }) => void;
  onclose?: (event: unknown) => void;
  onerror?: (event: unknown) => void;
  readonly #early: EarlyLink;
  readonly #turns = new MessageChannel();
  readonly #due: (() => void)[] = [];

  constructor(early: EarlyLink) {
    this.#early = early;
    const { socket, heard } = early;
    this.#turns.port1.onmessage = () => this.#sayNext();
    if (socket.readyState === socket.OPEN) this.#later(() => this.onopen?.());
    for (const data of heard) this.#later(() => this.onmessage?.({ data }));
    socket.onopen = () => this.#inTurn(() => this.onopen?.());
    socket.onmessage = ({ data }) => this.#inTurn(() => this.onmessage?.({ data }));
    socket.onclose = (event) => this.#inTurn(() => this.onclose?.(event));
    socket.onerror = (event) => this.#inTurn(() => this.onerror?.(event));
  }

  set binaryType(type: BinaryType) {
    this.#early.socket.binaryType = type;
  }

  send(data: string): void {
    // Said already: a second time would be a second reader.
    if (data === ASK_FOR_MAP && this.#early.asked) this.#early.asked = false;
    else this.#early.socket.send(data);
  }

  close(): void {
    this.#due.length = 0;
    this.#turns.port1.close();
    this.#early.socket.close();
  }

  #inTurn(say: () => void): void {
    if (this.#due.length === 0) say();
    else this.#later(say);
  }

  #later(say: () => void): void {
    this.#due.push(say);
    if (this.#due.length === 1) this.#turns.port2.postMessage(undefined);
  }

  #sayNext(): void {
    this.#due[0]?.();
    this.#due.shift();
    if (this.#due.length > 0) this.#turns.port2.postMessage(undefined);
  }
}
