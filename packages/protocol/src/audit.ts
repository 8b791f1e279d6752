/** One change of an override: who, when, what, why, and what came of it. Append-only. */
export interface AuditEntry {
  /** Names the change; sorts by time. */
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
  /** As the cluster knows the person, else the field manager that wrote. */
  readonly who: string;
  readonly how: 'dashboard' | 'cli' | 'kubectl' | 'agent';
  /** `lifted`, `expired`, `drained`, `cut`: what came of it later, told by nobody's hand. */
  readonly what: 'create' | 'replace' | 'delete' | 'undo' | 'refused' | 'lifted' | 'expired' | 'drained' | 'cut';
  readonly kind: 'RoutingOverride' | 'ClusterRoutingOverride';
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly service?: string;
  readonly reason?: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Of `undo`: the change that it takes back. */
  readonly of?: string;
  /** In words: the refusal, or how many nodes confirmed and when. */
  readonly outcome?: string;
}
