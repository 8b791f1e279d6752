/** The connection that the page's first script opens, and what came over it so far. */
export interface EarlyLink {
  readonly socket: WebSocket;
  /** Packets of engine.io, in their order. */
  readonly heard: string[];
  /** The hub was asked for the map. */
  asked: boolean;
}

declare global {
  interface Window {
    kubecityEarly?: EarlyLink;
  }
}

/** What socket.io says first on a connection of its own: to which namespace it belongs. */
export const ASK_FOR_MAP = '40/map,';

/**
 * Opens the web socket as socket.io will want it, and asks for the map. Its text runs in the page: it knows nothing but what
 * it is given.
 */
function startEarly(ask: string): void {
  // The page was quicker.
  if ('kubecityEarly' in window) return;
  const address = new URL('/socket.io/?EIO=4&transport=websocket', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const early: EarlyLink = { socket: new WebSocket(address), heard: [], asked: false };
  early.socket.onmessage = ({ data }) => {
    early.heard.push(data);
    if (early.asked) return;
    // The first packet is the handshake.
    early.asked = true;
    early.socket.send(ask);
  };
  window.kubecityEarly = early;
}

/** Stands first in the page and may run at any time, so that the hub works on the snapshot while the page's own scripts are loaded and begun. */
export const EARLY_START = `(${startEarly})(${JSON.stringify(ASK_FOR_MAP)})`;
