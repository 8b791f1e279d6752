import { z } from 'zod';
import type { Slices } from '../city/slices.ts';
import type { Survey } from '../city/survey.ts';
import type { Crossing } from '../map/plan-junctions.ts';
import { EMPTY_NODES_PLAN, type Lot, type NodesPlan, planNodes } from '../map/plan-nodes.ts';
import { EMPTY_SERVICES_PLAN, planServices, type ServicesPlan } from '../map/plan-services.ts';
import type { Plot } from '../map/plots.ts';
import { lotsOf } from '../map/scene-nodes.ts';
import { linksOf, plotsOf } from '../map/scene-services.ts';

const point = z.object({ x: z.number(), y: z.number() });
const rect = point.extend({ width: z.number().positive(), height: z.number().positive() });
const byName = <T extends z.ZodType>(of: T) => z.record(z.string(), of);

/** Where things were, kept in the browser so that the city stands where it stood after a reload. */
const savedPlans = z.object({
  cluster: z.string(),
  services: z.object({ cells: byName(z.array(rect).min(1)), spots: byName(point.extend({ radius: z.number() })) }),
  nodes: z.object({
    zones: byName(rect),
    buildings: byName(rect),
    rooms: byName(z.int().nonnegative()),
    junctions: byName(point),
  }),
});

interface Plans {
  readonly services: ServicesPlan;
  readonly nodes: NodesPlan;
}

const KEY = 'kubecity.plan.v1';

/** Remembers the plan of one cluster, by its name; another cluster's memory is replaced. */
export class PlanMemory {
  #cluster: string | undefined;
  #plans: Plans = { services: EMPTY_SERVICES_PLAN, nodes: EMPTY_NODES_PLAN };
  #settled = { services: '', nodes: '' };
  #of: { services?: readonly unknown[]; nodes?: readonly unknown[] } = {};

  /**
   * Of the `whole` city; a part of it that a filter leaves may have hamlets of its own. `past`: what stands now may be missing
   * in it. It stays remembered then, and gets its place back.
   */
  *services(survey: Survey, whole: Survey, past: boolean): Slices<ServicesPlan> {
    this.#open(whole);
    const of = [whole.stands, whole.hamlets, whole.city.service, survey.hamlets, past];
    if (isSame(of, this.#of.services)) return this.#plans.services;
    const before = this.#plans.services;
    const plots = plotsOf(whole);
    const own = whole === survey ? plots : withMore(plots, plotsOf(survey));
    const all = past ? withAbsent(own, before) : own;
    // Links only matter where something new needs a place: a road that appears moves nothing.
    const shape = JSON.stringify(all);
    if (shape !== this.#settled.services) {
      const services = yield* planServices(all, yield* linksOf(whole), before);
      this.#settled.services = shape;
      this.#keep({ ...this.#plans, services });
    }
    this.#of.services = of;
    return this.#plans.services;
  }

  *nodes(survey: Survey, past: boolean): Slices<NodesPlan> {
    this.#open(survey);
    const { city } = survey;
    const of = [city.node, city.pod, city.service, survey.stands, past];
    if (isSame(of, this.#of.nodes)) return this.#plans.nodes;
    const { lots, crossings } = lotsOf(survey);
    const before = this.#plans.nodes;
    const shape = JSON.stringify([lots, crossings.map(({ id }) => id)]);
    if (shape !== this.#settled.nodes && !(past && stands(before, lots, crossings))) {
      const nodes = yield* planNodes(lots, crossings, before);
      this.#settled.nodes = shape;
      this.#keep({ ...this.#plans, nodes });
    }
    this.#of.nodes = of;
    return this.#plans.nodes;
  }

  /** Forgets where things were: the next plan is the one the names and roads of now give. */
  forget(): void {
    this.#plans = { services: EMPTY_SERVICES_PLAN, nodes: EMPTY_NODES_PLAN };
    this.#settled = { services: '', nodes: '' };
    this.#of = {};
  }

  #open(survey: Survey): void {
    const cluster = [...survey.city.cluster.values()][0]?.name ?? '';
    if (cluster === this.#cluster) return;
    this.#cluster = cluster;
    this.forget();
    const saved = savedPlans.safeParse(readSaved());
    if (saved.success && saved.data.cluster === cluster) this.#plans = saved.data;
  }

  #keep(plans: Plans): void {
    this.#plans = plans;
    try {
      localStorage.setItem(KEY, JSON.stringify({ cluster: this.#cluster, ...plans }));
    } catch {
      // A full or forbidden store costs the memory across reloads, nothing else.
      localStorage.removeItem(KEY);
    }
  }
}

function withMore(plots: readonly Plot[], more: readonly Plot[]): readonly Plot[] {
  const here = new Set(plots.map(({ id }) => id));
  return [...plots, ...more.filter(({ id }) => !here.has(id))];
}

/** Has none of these values been replaced since the last plan? Most seconds bring nothing but traffic. */
const isSame = (of: readonly unknown[], before: readonly unknown[] | undefined): boolean =>
  before?.every((value, i) => value === of[i]) ?? false;

/** The plots of then and those that stand now. */
function withAbsent(plots: readonly Plot[], { spots }: ServicesPlan): readonly Plot[] {
  const here = new Set(plots.map(({ id }) => id));
  const absent = Object.entries(spots).flatMap(([id, { radius }]) =>
    here.has(id) ? [] : [{ id, namespace: id.slice(id.indexOf(':') + 1, id.indexOf('/')), radius }],
  );
  return [...plots, ...absent];
}

/** Has everything a place in this plan? */
const stands = (plan: NodesPlan, lots: readonly Lot[], crossings: readonly Crossing[]): boolean =>
  crossings.every(({ id }) => plan.junctions[id]) &&
  lots.every(({ node, pods }) => plan.buildings[node] && pods.every((pod) => plan.rooms[pod] !== undefined));

/** What the store holds, or nothing: an older page or a hand may have left anything there. */
function readSaved(): unknown {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null');
  } catch {
    // Not JSON: the city is laid out from nothing, and the next plan overwrites it.
    return undefined;
  }
}
