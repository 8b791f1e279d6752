import { openRoutes, type RouteNewsListener, type RouteTables, watchRouteNews } from '@kubecity/netlink';
import type { RoutesMode, RoutesReport } from '@kubecity/protocol';
import { isOwnRoute, type OwnNode, type RefusedPeer, TUNNEL_NAMES } from '@kubecity/routes';
import { type AddressRange, type KubeNode, rangeHolds } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Mode } from '../config/mode.ts';
import type { Sysctls } from '../host/sysctl.ts';
import type { Clock } from '../runner.ts';
import { RouteLoop } from './route-loop.ts';
import type { RouteMetrics } from './route-metrics.ts';
import {
  addressFaults,
  countPeers,
  failedReport,
  restingReport,
  saysTheSame,
  stepsText,
  turnReport,
} from './route-report.ts';
import { clearRoutes, RouteSync } from './route-sync.ts';
import { setSwitches } from './switches.ts';
import type { Turn } from './turn.ts';

export interface RoutesOptions {
  readonly config: Pick<AgentConfig, 'nodeName' | 'routes' | 'vxlanId' | 'vxlanPort'>;
  /** As it is configured now. */
  readonly mode: () => Mode;
  readonly sysctls: Sysctls;
  readonly metrics: RouteMetrics;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** The report says something new. */
  readonly reported: (report: RoutesReport) => void;
  /** A range of another node that gets no route because of what is this node's; names both. Once for each. */
  readonly refused: (message: string) => void;
}

/** Of a route that a router advertised, `linux/rtnetlink.h`. */
const RTPROT_RA = 9;
const CLEAR_AGAIN_MS = 30_000;
const HELD =
  'mode observe writes nothing: set mode to steer or replace, or routes to off where another program keeps them';

/**
 * Keeps the routes to other nodes' pods, where it is asked to. They stay in the kernel when the agent stops. A failure here stops
 * nothing else, and the other way round.
 */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #tables: RouteTables;
  readonly #loop: RouteLoop | undefined;
  #report: RoutesReport;
  #allKnown = false;
  /** What a former agent left is being taken away, or was. */
  #clearing: Promise<void> | undefined;
  #again: { cancel(): void } | undefined;
  #repaired: RoutesReport['repaired'];
  #told = new Set<string>();
  /** Of the last look at the kernel. */
  #faults: readonly string[] = [];

  constructor(options: RoutesOptions, tables = openRoutes()) {
    this.#options = options;
    this.#tables = tables;
    const { config, clock, log } = options;
    const { routes: mode, nodeName, vxlanId, vxlanPort } = config;
    const watchNews = (listener: RouteNewsListener) => watchRouteNews(listener, { neighbours: mode === 'auto' });
    this.#report = restingReport(mode, 'off');
    if (mode === 'off') return;
    this.#report = restingReport(mode, 'held', 'not every node is known yet');
    this.#loop = new RouteLoop({
      ...{ self: nodeName, watchNews, clock, log },
      ...(mode === 'auto' && { vxlanId }),
      sync: new RouteSync(tables, { mode, vxlanId, vxlanPort }),
      compared: (turn) => this.#compared(mode, turn),
      holding: () => (options.mode() === 'observe' ? HELD : undefined),
      held: (why) => this.#tell(restingReport(mode, 'held', why)),
      failed: (error) => {
        options.metrics.failed.inc();
        this.#tell(failedReport(this.#report, error, this.#faults));
      },
    });
  }

  report(): RoutesReport {
    return this.#report;
  }

  set(node: KubeNode): void {
    this.#loop?.setNode(node);
  }

  delete(name: string): void {
    this.#loop?.deleteNode(name);
  }

  /** Every node is known: only now is a route of ours one too many. */
  listed(): void {
    this.#allKnown = true;
    this.#begin();
  }

  /** To be called when the mode may have changed. */
  reconsider(): void {
    if (this.#allKnown) this.#begin();
  }

  #begin(): void {
    const { mode, clock, log } = this.#options;
    this.#loop?.begin();
    if (this.#loop || this.#clearing || mode() === 'observe') return;
    this.#clearing = this.clear().catch((err: unknown) => {
      log.warn({ err }, 'what a former agent left of its routes cannot be removed; trying again');
      this.#again = clock.after(CLEAR_AGAIN_MS, () => {
        this.#clearing = undefined;
        this.#begin();
      });
    });
  }

  /** Takes away whatever is ours. Rejects with NetlinkError, or an Error that says what the kernel keeps. */
  async clear(): Promise<void> {
    const steps = await clearRoutes(this.#tables);
    if (steps > 0) this.#options.log.info({ steps }, 'routes removed');
  }

  /** What was written stays. */
  async stop(): Promise<void> {
    await this.#loop?.stop();
    await this.#clearing;
    this.#again?.cancel();
    this.#tables.close();
  }

  async #compared(mode: RoutesMode, turn: Turn): Promise<void> {
    const { clock, log } = this.#options;
    if (turn.fresh) this.#faults = [...(await this.#switch(turn)), ...addressFaults(turn.peers.own, turn.kernel)];
    if (turn.done.length > 0) {
      const difference = stepsText(turn.done);
      log.info({ steps: turn.done.length, milliseconds: Math.round(turn.milliseconds), difference }, 'routes written');
      if (turn.isRepair) this.#repaired = { at: clock.now(), difference };
    }
    this.#count(turn);
    this.#tellRefusals(turn);
    this.#tell(turnReport(mode, turn, { at: clock.now(), faults: this.#faults, repaired: this.#repaired }));
  }

  #switch({ kernel, peers, plan }: Turn): Promise<string[]> {
    const families = [...new Set((peers.own?.ranges ?? []).map(({ family }) => family))];
    const advertised = kernel.routesTo('::/0').flatMap(({ protocol, device }) => {
      const link = protocol === RTPROT_RA ? kernel.link(device) : undefined;
      return link ? [link.name] : [];
    });
    const tunnels = plan.tunnels.map(({ family }) => TUNNEL_NAMES[family]);
    return setSwitches(this.#options.sysctls, { families, advertised, tunnels });
  }

  #count({ plan, kernel, done, refusals, isRepair, milliseconds, fresh }: Turn): void {
    const { metrics, clock } = this.#options;
    for (const [via, count] of Object.entries(countPeers(plan.peers))) metrics.peers.set({ via }, count);
    metrics.wanted.set(plan.routes.length);
    metrics.present.set([...kernel.ownRoutes()].filter(isOwnRoute).length);
    for (const { act } of done) metrics.steps.inc({ act: act.startsWith('delete') ? 'removed' : 'added' });
    metrics.steps.inc({ act: 'failed' }, refusals.length);
    if (isRepair) metrics.repairs.inc();
    if (fresh) metrics.compared.set(clock.now() / 1000);
    metrics.seconds.inc(milliseconds / 1000);
  }

  /** Those that are refused now; what is mended and broken again is told again. Events are written by the nodes concerned alone. */
  #tellRefusals({ peers }: Turn): void {
    const now = new Set<string>();
    for (const refused of peers.refused) {
      const { why } = refused;
      now.add(why);
      if (this.#told.has(why)) continue;
      this.#options.log.warn({ reason: why }, 'no route to the pods of a node');
      if (peers.own && isOwnAffair(peers.own, refused)) this.#options.refused(why);
    }
    this.#told = now;
  }

  #tell(report: RoutesReport): void {
    const before = this.#report;
    this.#report = report;
    if (!saysTheSame(before, report)) this.#options.reported(report);
  }
}

function isOwnAffair({ node, ranges, addresses }: OwnNode, { range, rival }: RefusedPeer): boolean {
  if (rival === node) return true;
  const overlaps = (own: AddressRange) => rangeHolds(own, range.address) || rangeHolds(range, own.address);
  return ranges.some(overlaps) || [...addresses.values()].some((address) => rangeHolds(range, address));
}
