import { numbersOf } from './gate.ts';
import type { Delta, PeerSet, SetQuery } from './peer-set.ts';
import { setId } from './peer-set.ts';
import type { Pod } from './pod.ts';

/** What gives members; ports where the set asks for them. */
type Member = Pick<Pod, 'addresses'> & Partial<Pick<Pod, 'ports'>>;

/** A set whose members come and go with pods; it knows what changed since it was last asked. */
export class LiveSet implements PeerSet {
  readonly id: string;
  readonly kind: PeerSet['kind'];
  readonly query: SetQuery;
  /** Grants that ask for it. */
  users = 0;
  /** How many pods give each member: while an address passes from one pod to the next, two of them do. */
  readonly members = new Map<string, number>();
  readonly #of = new Map<string, readonly string[]>();
  /** Of members touched since the last `takeDelta`: whether they were there then. Absent before `begin`. */
  #before: Map<string, boolean> | undefined;

  constructor(query: SetQuery) {
    this.query = query;
    this.id = setId(query);
    this.kind = 'port' in query ? 'ports' : 'addresses';
  }

  /** @param pod undefined when the pod is none of this set */
  put(id: string, pod: Member | undefined): void {
    const members = pod ? this.#membersOf(pod) : [];
    const before = this.#of.get(id) ?? [];
    for (const member of members) this.#count(member, 1);
    for (const member of before) this.#count(member, -1);
    if (pod) this.#of.set(id, members);
    else this.#of.delete(id);
  }

  /** Whether the pod belongs to it; one without an address or without that port gives no members. */
  holds(id: string): boolean {
    return this.#of.has(id);
  }

  /** It is handed out whole; what changes from now on is what somebody asks. */
  begin(): void {
    this.#before = new Map();
  }

  takeDelta(): Delta {
    const touched = [...(this.#before ?? [])];
    this.begin();
    return {
      added: touched.filter(([member, was]) => !was && this.members.has(member)).map(([member]) => member),
      removed: touched.filter(([member, was]) => was && !this.members.has(member)).map(([member]) => member),
    };
  }

  #membersOf(pod: Member): readonly string[] {
    if (!('port' in this.query)) return pod.addresses;
    const { port } = this.query;
    const word = port.protocol.toLowerCase();
    const members: string[] = [];
    for (const number of numbersOf(pod.ports ?? [], port)) {
      for (const address of pod.addresses) members.push(`${address},${word}:${number}`);
    }
    return members;
  }

  #count(member: string, by: 1 | -1): void {
    const count = this.members.get(member) ?? 0;
    if (this.#before && !this.#before.has(member)) this.#before.set(member, count > 0);
    if (count + by > 0) this.members.set(member, count + by);
    else this.members.delete(member);
  }
}
