import {
  type AgentToHub,
  agentHello,
  commonProtocol,
  edgeFrame,
  type Interest,
  isolationReport,
  PROTOCOLS,
  policyCounts,
  refusedAttempts,
  routesReport,
  rulesReport,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { AgentProof } from './agent-link/agent-proof.ts';
import { keepProving } from './agent-link/keep-proving.ts';
import { type AskAgent, agentQuestions } from './agent-questions.ts';
import type { AgentData, AgentSocket, AgentsNamespace } from './agent-socket.ts';
import type { CityModel } from './city-model.ts';
import { KeyedLimit } from './keyed-limit.ts';
import type { HubMetrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';
import { RefusedPeer } from './refusal.ts';

export interface AgentsDoorOptions {
  readonly proof: AgentProof;
  readonly model: CityModel;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

export interface AgentsDoor {
  /** Asks one agent; every failure is an answer of kind `refused`. */
  readonly ask: AskAgent;
  /** Tells all agents what is being looked at, if that is news. */
  setInterest(interest: Interest): void;
}

/** An agent sends a frame a second and a report after each change. */
const MESSAGES = { perSecond: 20, burst: 60 };
/** Proofs that failed, of one address. Beyond that nothing is looked at: neither the token nor the cluster is asked about it. */
const FAILURES = { perSecond: 0.2, burst: 10 };

/** Lets agents in, parses what they say, and gives it to the model. One agent a node: the latest to connect. */
export function openAgentsDoor(namespace: AgentsNamespace, options: AgentsDoorOptions): AgentsDoor {
  const { model, log, metrics, now } = options;
  const sockets = new Map<string, AgentSocket>();
  /** Nobody looks at anything until a browser comes. */
  let interest: Interest = { services: [] };

  const failures = new KeyedLimit(FAILURES.perSecond, FAILURES.burst);
  namespace.use((socket, next) => {
    const { address, auth } = socket.handshake;
    admit(auth, address).then(
      (data) => {
        Object.assign(socket.data, data);
        next();
      },
      (error: unknown) => {
        if (!(error instanceof RefusedPeer)) log.error({ err: error, address }, 'an agent could not be judged');
        const refused =
          error instanceof RefusedPeer ? error : new RefusedPeer('api-unavailable', 'the hub’s log says why');
        const { code } = refused.data;
        metrics.refused.inc({ door: 'agents', code });
        log.warn({ code, reason: refused.message, address, node: nodeIn(auth) }, 'agent refused');
        next(refused);
      },
    );
  });

  /** @throws RefusedPeer. The versions are looked at first: another version may have another handshake. */
  async function admit(auth: unknown, address: string): Promise<AgentData> {
    const read = readHello(auth);
    // a Unix socket has no addresses: who may open it is not a stranger
    if (address && failures.spent(address, now()))
      throw new RefusedPeer('rate-limited', 'too many refused tries from this address; wait a minute');
    try {
      await options.proof.check(read.hello);
      return read;
    } catch (error) {
      if (address && !isPassing(error)) failures.admit(address, now());
      throw error;
    }
  }

  namespace.on('connection', (socket) => {
    const { hello, protocol } = socket.data;
    const agentLog = log.child({ node: hello.node });
    const limit = new RateLimit(MESSAGES.perSecond, MESSAGES.burst);
    sockets.get(hello.node)?.disconnect(true);
    sockets.set(hello.node, socket);
    model.agentConnected(hello);
    agentLog.info({ epoch: hello.epoch, version: hello.version, protocol }, 'agent connected');
    socket.emit('welcome', { protocol, interest });

    const proving = keepProving(socket, options.proof, (refused) => {
      metrics.refused.inc({ door: 'agents', code: refused.data.code });
      agentLog.warn({ code: refused.data.code, reason: refused.message }, 'agent turned away');
      socket.conn.close();
    });

    /** Closes the transport, so that the agent comes back by itself, later and later, and begins with a reset. */
    const turnAway = (code: 'invalid-message' | 'rate-limited', event: string, reason: string) => {
      metrics.refused.inc({ door: 'agents', code });
      agentLog.warn({ code, event, reason }, 'agent turned away');
      socket.conn.close();
    };
    const receive = <T>(event: keyof AgentToHub, schema: z.ZodType<T>, take: (message: T, taken: unknown) => void) => {
      return (raw: unknown, taken?: unknown) => {
        if (sockets.get(hello.node) !== socket) return; // the last words of a predecessor
        if (!limit.admit(now())) return turnAway('rate-limited', event, `more than ${MESSAGES.perSecond} a second`);
        const parsed = schema.safeParse(raw);
        if (!parsed.success) return turnAway('invalid-message', event, firstFault(parsed.error));
        metrics.agentMessages.inc({ event });
        take(parsed.data, taken);
      };
    };
    socket.on(
      'rules',
      receive('rules', rulesReport, (report) => model.takeRules(hello.node, report, now())),
    );
    socket.on(
      'isolation',
      receive('isolation', isolationReport, (report) => model.takeIsolation(hello.node, report, now())),
    );
    socket.on(
      'policyCounts',
      receive('policyCounts', policyCounts, (counts) => model.isolation.takeCounts(hello.node, counts, now())),
    );
    socket.on(
      'refusedAttempts',
      receive('refusedAttempts', refusedAttempts, (attempts) =>
        model.isolation.takeRefused(hello.node, attempts, now()),
      ),
    );
    socket.on(
      'routes',
      receive('routes', routesReport, (report) => model.takeRoutes(hello.node, report, now())),
    );
    socket.on(
      'edges',
      receive('edges', edgeFrame, (frame, taken) => {
        const outcome = model.takeEdges(hello.node, frame, now());
        if (typeof taken === 'function') taken();
        if (outcome.ok) return;
        agentLog.info({ why: outcome.why }, 'asking the agent for a reset');
        socket.emit('resync');
      }),
    );
    socket.on('disconnect', (reason) => {
      proving.stop();
      if (sockets.get(hello.node) === socket) {
        sockets.delete(hello.node);
        model.agentDisconnected(hello.node);
      }
      agentLog.info({ reason }, 'agent disconnected');
    });
  });

  return {
    ask: agentQuestions((node) => sockets.get(node)),
    setInterest(next) {
      if (sameInterest(interest, next)) return;
      interest = next;
      model.traffic.setInterest(next, now());
      for (const socket of sockets.values()) socket.emit('interest', next);
    },
  };
}

/** @throws RefusedPeer `protocol-version` or `invalid-message` */
function readHello(auth: unknown): AgentData {
  const offered = offeredProtocols(auth);
  const protocol = offered && commonProtocol(offered);
  if (offered && protocol === undefined) {
    const [ours, theirs] = [PROTOCOLS.join(', '), offered.slice(0, 16).join(', ')];
    throw new RefusedPeer(
      'protocol-version',
      `this hub speaks protocol ${ours}, the agent ${theirs}: they may be one minor version apart, not more`,
    );
  }
  const hello = agentHello.safeParse(auth);
  if (!hello.success) throw new RefusedPeer('invalid-message', `handshake: ${firstFault(hello.error)}`);
  return { hello: hello.data, protocol: commonProtocol(hello.data.protocols) as number };
}

/** Says nothing about who asks: the cluster or the hub cannot tell at present. */
const isPassing = (error: unknown) =>
  error instanceof RefusedPeer && (error.data.code === 'api-unavailable' || error.data.code === 'rate-limited');

/** For the log: what a peer that was not let in calls itself, if that can be a name. */
const nodeIn = (auth: unknown) => z.object({ node: agentHello.shape.node }).safeParse(auth).data?.node;

/** Undefined when the handshake names none; protocol 1 named its only version. */
function offeredProtocols(auth: unknown): number[] | undefined {
  const parsed = z
    .union([z.looseObject({ protocols: z.array(z.number()) }), z.looseObject({ protocol: z.number() })])
    .safeParse(auth).data;
  if (!parsed) return undefined;
  return 'protocols' in parsed ? (parsed.protocols as number[]) : [parsed.protocol as number];
}

const sameInterest = (a: Interest, b: Interest) =>
  a.services === 'all' || b.services === 'all' ? a.services === b.services : sameNames(a.services, b.services);
const sameNames = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((name, i) => name === b[i]);

/** Field and message of the first fault, never its value: it may be a token. */
export function firstFault(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'invalid' : `${issue.path.join('.') || 'message'}: ${issue.message}`;
}
