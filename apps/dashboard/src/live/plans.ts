import { z } from 'zod';
import type { Survey } from '../city/survey.ts';
import { EMPTY_NODES_PLAN, type NodesPlan, planNodes } from '../map/plan-nodes.ts';
import { EMPTY_SERVICES_PLAN, planServices, type ServicesPlan } from '../map/plan-services.ts';
import { lotsOf } from '../map/scene-nodes.ts';
import { plotsOf } from '../map/scene-services.ts';

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

  services(survey: Survey): ServicesPlan {
    this.#open(survey);
    const { plots, links } = plotsOf(survey);
    // Links only matter where something new needs a place: a road that appears moves nothing.
    const shape = JSON.stringify(plots);
    if (shape !== this.#settled.services) {
      this.#settled.services = shape;
      this.#keep({ ...this.#plans, services: planServices(plots, links, this.#plans.services) });
    }
    return this.#plans.services;
  }

  nodes(survey: Survey): NodesPlan {
    this.#open(survey);
    const { lots, crossings } = lotsOf(survey);
    const shape = JSON.stringify([lots, crossings.map(({ id }) => id)]);
    if (shape !== this.#settled.nodes) {
      this.#settled.nodes = shape;
      this.#keep({ ...this.#plans, nodes: planNodes(lots, crossings, this.#plans.nodes) });
    }
    return this.#plans.nodes;
  }

  /** Forgets where things were: the next plan is the one the names and roads of now give. */
  forget(): void {
    this.#plans = { services: EMPTY_SERVICES_PLAN, nodes: EMPTY_NODES_PLAN };
    this.#settled = { services: '', nodes: '' };
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

/** What the store holds, or nothing: an older page or a hand may have left anything there. */
function readSaved(): unknown {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null');
  } catch {
    // Not JSON: the city is laid out from nothing, and the next plan overwrites it.
    return undefined;
  }
}
