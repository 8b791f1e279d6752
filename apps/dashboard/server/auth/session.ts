import { createHash, randomBytes } from 'node:crypto';
import type { Session, SessionChange } from '@kubecity/protocol';
import type { Person } from './person.ts';
import type { Rights } from './rights.ts';

export interface SessionLimits {
  /** Milliseconds without a request or a word over the socket. */
  readonly idle: number;
  /** Milliseconds from sign-in, whatever happens. */
  readonly longest: number;
}

/** Why a session is over; the page has words for each. */
export const SESSION_ENDS = ['signed-out', 'idle', 'expired', 'refused', 'forbidden', 'replaced'] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];

/** 256 bits that nobody guesses. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');
/** What is kept in place of a secret that somebody shows again. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** One person who is signed in, with what follows them: sockets, rights, an end. */
export class OpenSession {
  readonly person: Person;
  readonly rights: Rights;
  /** Whoever can read our answers knows it: a page of another site cannot. */
  readonly csrf = randomSecret();
  /** Unix ms; infinite when it never ends by itself. */
  readonly until: number;
  #usedAt: number;
  #told = '';
  #end: SessionEnd | undefined;
  readonly #followers = new Set<(change: SessionChange) => void>();

  constructor(person: Person, rights: Rights, now: number, until: number) {
    this.person = person;
    this.rights = rights;
    this.until = until;
    this.#usedAt = now;
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  get over(): SessionEnd | undefined {
    return this.#end;
  }

  /** Somebody follows what becomes of it: its rights are kept fresh. */
  get followed(): boolean {
    return this.#followers.size > 0;
  }

  used(now: number): void {
    this.#usedAt = now;
  }

  told(): Session {
    const { user, groups, how } = this.person;
    const until = Number.isFinite(this.until) ? this.until : undefined;
    return { user, groups, how, until, maySteer: this.rights.maySteer };
  }

  /** Tells at once, and again when rights change and when it ends. Returns how to stop. */
  follow(follower: (change: SessionChange) => void): () => void {
    this.#followers.add(follower);
    follower({ state: 'session', session: this.told() });
    return () => this.#followers.delete(follower);
  }

  /** Asks the cluster for rights that are due. Never rejects: without an answer what was known goes on. */
  async refresh(now: number): Promise<void> {
    if (this.#end !== undefined || !this.rights.due(now)) return;
    const outcome = await this.rights.ask(now);
    // whoever is at this machine is the local admin: that is nothing that a cluster could take back
    if (outcome !== 'known' && this.person.how !== 'local') return this.end(outcome);
    const told = JSON.stringify(this.rights.maySteer);
    if (told === this.#told) return;
    this.#told = told;
    for (const follower of this.#followers) follower({ state: 'session', session: this.told() });
  }

  end(why: SessionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    for (const follower of this.#followers) follower({ state: 'ended', why });
    this.#followers.clear();
  }
}

/** Sessions in memory: of all people, and of one person the newest. */
const MOST = 1000;
const MOST_OF_ONE = 20;

/** Every session, by a key that a request proves: the digest of its cookie or token, or what the proxy says. */
export class SessionBook {
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, OpenSession>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(key: string, person: Person, rights: Rights, now: number): OpenSession {
    const own = [...this.#sessions].filter(
      ([, one]) => one.person.user === person.user && one.person.how === person.how,
    );
    if (own.length >= MOST_OF_ONE) this.#drop(own, 'replaced');
    if (this.#sessions.size >= MOST) this.#drop([...this.#sessions], 'replaced');
    const opened = new OpenSession(person, rights, now, now + this.#limits.longest);
    this.#sessions.get(key)?.end('replaced');
    this.#sessions.set(key, opened);
    return opened;
  }

  /** Undefined when there is none or it is over. Finding it is using it. */
  find(key: string, now: number): OpenSession | undefined {
    const found = this.#sessions.get(key);
    if (found === undefined || this.#ended(key, found, now)) return undefined;
    found.used(now);
    return found;
  }

  /** Ends what is due, and keeps the rights of those fresh who look. To be called about once a second. */
  tick(now: number): void {
    for (const [key, session] of this.#sessions) {
      if (!this.#ended(key, session, now) && session.followed) void session.refresh(now);
    }
  }

  close(): void {
    this.#sessions.clear();
  }

  #ended(key: string, session: OpenSession, now: number): boolean {
    if (now >= session.until) session.end('expired');
    else if (now >= session.usedAt + this.#limits.idle) session.end('idle');
    if (session.over !== undefined) this.#sessions.delete(key);
    return session.over !== undefined;
  }

  /** The one that was used longest ago makes room. */
  #drop(among: readonly (readonly [string, OpenSession])[], why: SessionEnd): void {
    const [key, session] = among.reduce((oldest, one) => (one[1].usedAt < oldest[1].usedAt ? one : oldest));
    session.end(why);
    this.#sessions.delete(key);
  }
}
