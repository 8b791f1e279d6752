import {
  AGENT_PROTOCOL,
  type AgentAnswer,
  type AgentHello,
  type AgentToHub,
  type EdgeFrame,
  type HubToAgent,
  type Interest,
  type IsolationReport,
  interest as interestSchema,
  type PolicyCounts,
  PROTOCOLS,
  REFUSALS,
  type RefusedAttempts,
  type RoutesReport,
  type RulesReport,
  reportFor,
  welcome as welcomeSchema,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import type { HubAddress } from './config/agent-config.ts';
import { socketRoad, trustingRoad } from './hub-road.ts';
import type { HubTrust } from './hub-trust.ts';
import { LatestWord } from './latest-word.ts';
import { type Clock, realClock } from './runner.ts';

export interface HubLinkOptions {
  readonly address: HubAddress;
  /** Asked at each connection, and when the hub wants to see it again: it is renewed while we run. */
  readonly token: () => Promise<string>;
  /** By what the hub is known; absent: as this machine trusts every server. */
  readonly trust?: HubTrust;
  readonly node: string;
  readonly version: string;
  /** Of the totals in frames, asked at each connection. */
  readonly epoch: () => string;
  /** The hub has welcomed us (again): everything must be told from the beginning. */
  readonly welcomed: (interest: Interest) => void;
  /** Nobody listens any more. */
  readonly gone: () => void;
  readonly interest: (interest: Interest) => void;
  readonly resync: () => void;
  /** Must answer, whatever it is asked. */
  readonly ask: (question: unknown) => Promise<AgentAnswer>;
  /** The hub does not let us in; once for each reason. */
  readonly refused: (code: string, message: string) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly clock?: Clock;
  /** A hub that lets us wait so long, for its welcome or for the use of a frame, is taken for gone. */
  readonly silentMs?: number;
}

const SILENT_MS = 30_000;
/** Between two reports that tell a whole node: churn brings dozens a second, and a hub turns out who says more than 20. */
const REPORT_MS = 1_000;
/** Milliseconds between two tries after refusals, twice as long after each: the hub counts them. */
const REFUSED_RETRY = { first: 2000, most: 60_000 };

/**
 * The stream to the dashboard. Nothing is queued while it is away: after a reconnection the whole state is sent anew, so
 * memory stays bounded and the hub never sees half a story. Nothing is told before the hub's welcome.
 */
export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #socket: Socket<HubToAgent, AgentToHub>;
  readonly #silentMs: number;
  readonly #isolation: LatestWord<IsolationReport>;
  readonly #routes: LatestWord<RoutesReport>;
  #welcomed = false;
  #protocol = AGENT_PROTOCOL;
  #refusals = 0;
  #closed = false;
  #patience: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(options: HubLinkOptions) {
    const { address, trust, log, clock = realClock, silentMs = SILENT_MS } = options;
    this.#options = options;
    this.#silentMs = silentMs;
    const word = <Report extends object>(say: (report: Report) => void) =>
      new LatestWord<Report>((report) => this.connected && say(report), REPORT_MS, clock);
    this.#isolation = word((report) => this.#socket.emit('isolation', report));
    this.#routes = word((report) => this.#socket.emit('routes', report));
    const unix = 'socketPath' in address;
    const road = unix ? socketRoad(address.socketPath) : trust && trustingRoad(trust);
    this.#socket = io(unix ? 'http://hub/agents' : `${address.url}/agents`, {
      transports: ['websocket'],
      auth: (give) => void this.#hello().then(give, (error: Error) => this.#withoutToken(error)),
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      // engine.io hands this agent to its WebSocket; its type knows only the browser's form of the option.
      ...(road && { agent: road as unknown as string }),
    });
    this.#socket.on('connect', () => {
      this.#patience = setTimeout(() => this.#silent('no welcome'), silentMs);
    });
    this.#socket.on('welcome', (message) => this.#onWelcome(message));
    this.#socket.on('interest', (message) => this.#onInterest(message));
    this.#socket.on('resync', () => this.connected && options.resync());
    this.#socket.on('ask', (question, answer) => this.#onAsk(question, answer));
    this.#socket.on('prove', (answer) => this.#onProve(answer));
    this.#socket.on('disconnect', (reason) => {
      this.#leave();
      if (reason === 'io client disconnect') return;
      log.warn({ reason }, 'hub is gone; routing goes on');
      // The hub has turned us out: socket.io does not try again by itself.
      if (!this.#socket.active) this.#tryLater();
    });
    this.#socket.on('connect_error', (error) => this.#onConnectError(error));
  }

  /** Welcomed: what is sent now arrives. */
  get connected(): boolean {
    return this.#socket.connected && this.#welcomed;
  }

  sendRules(report: RulesReport): void {
    if (this.connected) this.#socket.emit('rules', reportFor(this.#protocol, report));
  }

  sendIsolation(report: IsolationReport): void {
    this.#isolation.tell(report);
  }

  sendPolicyCounts(counts: PolicyCounts): void {
    if (this.connected) this.#socket.emit('policyCounts', counts);
  }

  sendRefusedAttempts(attempts: RefusedAttempts): void {
    if (this.connected) this.#socket.emit('refusedAttempts', attempts);
  }

  sendRoutes(report: RoutesReport): void {
    this.#routes.tell(report);
  }

  /** A frame for a hub that is gone vanishes; the next one gets everything. */
  sendEdges(frame: EdgeFrame, taken: () => void): void {
    if (!this.connected) return;
    this.#socket.timeout(this.#silentMs).emit('edges', frame, (error) => {
      if (!error) taken();
      // Pending acknowledgements fail also when the connection ends, which is told otherwise.
      else if (this.connected) this.#silent('frames are not used');
    });
  }

  /** Connects anew, to be heard from the beginning: with a new epoch. */
  renew(): void {
    if (!this.#socket.connected) return;
    this.#socket.disconnect().connect();
  }

  close(): void {
    this.#closed = true;
    this.#isolation.stop();
    this.#routes.stop();
    this.#socket.close();
  }

  async #hello(): Promise<AgentHello> {
    const { token, node, epoch, version } = this.#options;
    return { protocols: [...PROTOCOLS], token: await token(), node, epoch: epoch(), version };
  }

  /** Without it there is nothing to say: the file may be there the next time. */
  #withoutToken(error: Error): void {
    this.#tell('the token cannot be read', error.message);
    this.#socket.disconnect();
    this.#tryLater();
  }

  #onWelcome(message: unknown): void {
    const { success, data } = welcomeSchema.safeParse(message);
    if (!success || !PROTOCOLS.includes(data.protocol)) {
      this.#misunderstood('welcome');
      return;
    }
    clearTimeout(this.#patience);
    this.#lastError = '';
    this.#welcomed = true;
    this.#refusals = 0;
    this.#protocol = data.protocol;
    this.#options.log.info({ protocol: data.protocol }, 'connected to the hub');
    this.#options.welcomed(data.interest);
  }

  #onInterest(message: unknown): void {
    const { success, data } = interestSchema.safeParse(message);
    if (!success) this.#misunderstood('interest');
    else if (this.connected) this.#options.interest(data);
  }

  #onAsk(question: unknown, answer: unknown): void {
    if (typeof answer !== 'function') this.#misunderstood('ask');
    else void this.#options.ask(question).then((given) => answer(given));
  }

  #onProve(answer: unknown): void {
    const { token, log } = this.#options;
    if (typeof answer !== 'function') this.#misunderstood('prove');
    else {
      // without an answer the hub judges what it was shown before
      const unread = (error: Error) => log.warn({ reason: error.message }, 'the token cannot be read');
      token().then((now) => answer({ token: now }), unread);
    }
  }

  /** One bad message is no reason to leave a hub that is otherwise sound. */
  #misunderstood(event: string): void {
    this.#options.log.warn({ event }, 'a message of the hub was not understood and is passed over');
  }

  #silent(reason: string): void {
    this.#options.log.warn({ reason, silentMs: this.#silentMs }, 'hub is silent; connecting anew');
    this.renew();
  }

  #leave(): void {
    clearTimeout(this.#patience);
    if (!this.#welcomed) return;
    this.#welcomed = false;
    this.#options.gone();
  }

  /** A refusal by the hub ends socket.io's own retries. */
  #onConnectError(error: Error & { readonly data?: unknown; readonly description?: unknown }): void {
    const code = refusal.safeParse(error.data).data?.code;
    if (code !== undefined) {
      if (this.#tell('the hub does not let us in; routing goes on', error.message, code))
        this.#options.refused(code, error.message);
    } else this.#tell('hub is not reachable; routing goes on', causeOf(error));
    if (!this.#socket.active) this.#tryLater();
  }

  /** One line per kind of failure, not one per attempt: whether this is the first of its kind. */
  #tell(what: string, reason: string, code?: string): boolean {
    if (reason === this.#lastError) return false;
    this.#lastError = reason;
    this.#options.log.warn({ ...(code !== undefined && { code }), reason }, what);
    return true;
  }

  #tryLater(): void {
    const longest = Math.min(REFUSED_RETRY.most, REFUSED_RETRY.first * 2 ** this.#refusals++);
    // spread: the other agents were turned out at the same moment
    const pause = longest * (0.5 + Math.random() / 2);
    setTimeout(() => !this.#closed && this.#socket.connect(), pause).unref();
  }
}

const refusal = z.object({ code: z.enum(REFUSALS) });

/** `websocket error` says nothing: what the connection failed of is below it. */
function causeOf({ message, description }: Error & { readonly description?: unknown }): string {
  const below = z.object({ message: z.string().min(1) }).safeParse(description).data?.message;
  return below ?? message;
}
