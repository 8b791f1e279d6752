/** What the ledger remembers of a flow, as bits of `FlowTable.flags`. */
export const FLOW = {
  /** Was there before us: its counters are our base, it was never `opened`. */
  older: 1,
  /** Bytes moved in the dump that showed it last. */
  moved: 2,
  /** The backend has answered. */
  replied: 4,
  /** The kernel keeps no counters for it. */
  uncounted: 8,
  /** The last complete dump did not show it. */
  missing: 16,
  /** It went missing before its time: what it carried last was not seen. */
  cut: 32,
  /** It was seen after its first FIN. */
  finishing: 64,
  /** Its destination was translated here. */
  translated: 128,

  // To whom it belongs, while it has no edge:
  /** Not to an edge of this node, for good. */
  elsewhere: 256,
  /** To nobody we know so far. */
  unexplained: 512,
  /** News may come that say it. */
  unclear: 1024,
} as const;
