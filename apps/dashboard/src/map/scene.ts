import type { Closed } from '../city/gates.ts';
import type { NamedRefusal } from '../city/refusals.ts';
import type { Sign } from '../city/services.ts';
import type { Fold } from './fold.ts';
import type { Point, Rect } from './geometry.ts';
import type { Path } from './path.ts';

/**
 * What stands where: the value between layout and drawing. World units; ids as in `city/survey.ts`. Whatever of the city is
 * not in it piece by piece is folded into one of its places, or told aside (`totals.ts`).
 */
export interface Scene {
  readonly lens: Lens;
  readonly level: Level;
  /** What roads, lights and words tell. */
  readonly metric: Metric;
  readonly bounds: Rect;
  readonly districts: readonly District[];
  /** Middle lines of the water between zones. */
  readonly water: readonly (readonly Point[])[];
  readonly buildings: readonly Building[];
  readonly junctions: readonly Junction[];
  readonly yards: readonly Yard[];
  readonly houses: readonly House[];
  readonly gates: readonly Gate[];
  readonly roads: readonly Road[];
  readonly asides: readonly Aside[];
  readonly barring: Barring;
}

export type Lens = 'services' | 'nodes';
export type Metric = 'connections' | 'bytes';

/** How closely the city is drawn: districts as blocks, then junctions or buildings in them, then houses and rooms. */
export type Level = 'city' | 'district' | 'place';

/** What is measured of a place, per second. */
export interface Measured {
  /** New connections. */
  readonly rate: number;
  /** Bytes, both ways. */
  readonly bytes: number;
}

/** A namespace's parcel or a zone. */
export interface District extends Measured {
  readonly id: string;
  readonly label: string;
  readonly rect: Rect;
  /** Parcels are soft outlines of their own; zones are rounded. */
  readonly shape: 'parcel' | 'zone';
  /** All of its parts are folded: it is drawn as one block. */
  readonly closed: boolean;
  /** Parts of it that are not drawn. */
  readonly folded?: Fold;
  /** 0..1 */
  readonly activity: number;
  readonly stale: boolean;
  /** Where its folded Services or nodes stand and how bright: x, y, radius and light of each. */
  readonly specks?: Float32Array;
}

/** Traffic that has no road of its own, told as a number at a place. */
export interface Aside extends Measured {
  readonly at: string;
  /** `more`: on quieter streets that leave here; `within`: between two things in here; `pathless`: from here to nowhere on the map. */
  readonly kind: 'more' | 'within' | 'pathless';
  /** Of `more`: how many. */
  readonly streets: number;
  readonly refused: number;
}

export interface Building extends Measured {
  readonly id: string;
  readonly node: string;
  readonly rect: Rect;
  /** 0..1; shown while its rooms are folded. */
  readonly activity: number;
  /** Its rooms, when they are not drawn. */
  readonly folded?: Fold;
  readonly state: 'live' | 'stale' | 'absent';
  /** Unix ms of the last news, when stale. */
  readonly silentSince?: number;
  readonly ready: boolean;
  /** The agent's rules differ from the wishes. */
  readonly outOfSync: boolean;
}

/** A part of a roundabout's ring: one stand. Angles in radians, clockwise from the top. */
export interface Segment {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  /** 0..1 */
  readonly activity: number;
  readonly sign: Sign;
}

export interface Junction extends Measured {
  readonly id: string;
  readonly service: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly segments: readonly Segment[];
  /** Its houses, when they are not drawn. */
  readonly folded?: Fold;
  readonly problem: boolean;
  readonly stale: boolean;
  /** Policies close all of its backends to who comes. */
  readonly barred: boolean;
}

export interface House {
  /** `pod:<uid>`, or `address:<ip>` for an endpoint without a pod; a second house of the same pod has a suffix. */
  readonly id: string;
  readonly podUid?: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly activity: number;
  readonly sign: Sign;
  /** Of the new connections of its Service, 0..1: the number beside a violet house. */
  readonly wishedShare: number;
  /** Index of the namespace's hue; rooms only. */
  readonly hue?: number;
  readonly stale: boolean;
  /** The junction it stands at: joined to it by a short drive. */
  readonly at?: string;
  /** Policies close it. */
  readonly closed?: Closed;
}

/** The ground of a hamlet: where pods of one workload live that back no Service. */
export interface Yard {
  readonly id: string;
  readonly label: string;
  readonly rect: Rect;
  /** Its houses, when they are not drawn. */
  readonly folded?: Fold;
}

export interface Gate extends Point, Measured {
  readonly id: string;
  readonly label: string;
}

export interface Road extends Measured {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly path: Path;
  readonly width: number;
  /** `rate` and `bytes` are along the path, these against it. */
  readonly backRate: number;
  readonly backBytes: number;
  /** Connections per second. */
  readonly refused: number;
  /** Open attempts without an answer yet. */
  readonly waiting: number;
  readonly stale: boolean;
  /** A footpath: direct connections, past every junction. */
  readonly direct: boolean;
  /** One of the quieter ones where there are many: drawn as a thin line under the others. */
  readonly minor: boolean;
  /** Ids of the edges bundled on it. */
  readonly edges: readonly string[];
}

/** Attempts that policies refuse, from one place to another: a street that ends at a closed gate. */
export interface Barred {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Its end is where the gate stands. */
  readonly path: Path;
  readonly refusals: readonly NamedRefusal[];
  /** That refuse, sorted; empty: no known pod has the address. */
  readonly policies: readonly string[];
}

/** All refused attempts of a city: drawn as streets, told at a place, or on no ground of this lens. */
export interface Barring {
  readonly streets: readonly Barred[];
  /** Within one place that is drawn, or beyond what is drawn at once: by place, how many attempts. */
  readonly within: ReadonlyMap<string, number>;
  readonly aside: number;
}

export const NOTHING_BARRED: Barring = { streets: [], within: new Map(), aside: 0 };

/** What the map tells of a thing: connections or bytes per second. */
export const told = (metric: Metric, { rate, bytes }: Measured): number => (metric === 'bytes' ? bytes : rate);

/**
 * Width by the square root of what is measured, so that ten times the traffic is about three times as broad. Streets of a
 * whole city are many: the quiet ones get thin there.
 */
export const roadWidth = (measured: number, scale: number, level: Level): number =>
  Math.min(26, (level === 'place' ? 5 : 1.4) + scale * Math.sqrt(Math.max(0, measured)));

/** Footpaths stay narrow: what a person can steer goes on roads. */
export const PATH_WIDTH = 2.6;

/** Ring radius by rate: the area grows with it. `busiest` is the largest rate on the map. */
export const ringRadius = (rate: number, busiest: number): number =>
  31 + 19 * Math.sqrt(busiest > 0 ? Math.min(1, Math.max(0, rate) / busiest) : 0);

/** Light of a house or segment: its part of the busiest one's rate, lifted so that little is still something. */
export const activity = (rate: number, busiest: number): number =>
  rate <= 0 || busiest <= 0 ? 0 : 0.3 + 0.7 * Math.min(1, rate / busiest) ** 0.55;
