import type { Sign } from '../city/services.ts';
import type { Point, Rect } from './geometry.ts';
import type { Path } from './path.ts';

/** What stands where: the value between layout and drawing. World units; ids as in `city/survey.ts`. */
export interface Scene {
  readonly lens: Lens;
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
}

export type Lens = 'services' | 'nodes';

/** A namespace's parcel or a zone. */
export interface District {
  readonly id: string;
  readonly label: string;
  readonly rect: Rect;
  /** Parcels are soft outlines of their own; zones are rounded. */
  readonly shape: 'parcel' | 'zone';
}

export interface Building {
  readonly id: string;
  readonly node: string;
  readonly rect: Rect;
  /** New connections per second. */
  readonly rate: number;
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

export interface Junction {
  readonly id: string;
  readonly service: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly rate: number;
  readonly segments: readonly Segment[];
  readonly problem: boolean;
  readonly stale: boolean;
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
  readonly weight: number;
  /** Index of the namespace's hue; rooms only. */
  readonly hue?: number;
  readonly stale: boolean;
  /** The junction it stands at: joined to it by a short drive. */
  readonly at?: string;
}

/** The ground of a hamlet: where pods of one workload live that back no Service. */
export interface Yard {
  readonly id: string;
  readonly label: string;
  readonly rect: Rect;
}

export interface Gate extends Point {
  readonly id: string;
  readonly label: string;
  readonly rate: number;
}

export interface Road {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly path: Path;
  readonly width: number;
  /** New connections per second along the path, and against it. */
  readonly rate: number;
  readonly backRate: number;
  readonly refused: number;
  readonly stale: boolean;
  /** A footpath: direct connections, past every junction. */
  readonly direct: boolean;
  /** Ids of the edges bundled on it. */
  readonly edges: readonly string[];
}

/** Width by the square root of the rate, so that ten times the traffic is about three times as broad. */
export const roadWidth = (rate: number, scale: number): number =>
  Math.min(26, 5 + scale * Math.sqrt(Math.max(0, rate)));

/** Footpaths stay narrow: what a person can steer goes on roads. */
export const PATH_WIDTH = 2.6;

/** Ring radius by rate: the area grows with it. `busiest` is the largest rate on the map. */
export const ringRadius = (rate: number, busiest: number): number =>
  31 + 19 * Math.sqrt(busiest > 0 ? Math.min(1, Math.max(0, rate) / busiest) : 0);

/** Light of a house or segment: its part of the busiest one's rate, lifted so that little is still something. */
export const activity = (rate: number, busiest: number): number =>
  rate <= 0 || busiest <= 0 ? 0 : 0.3 + 0.7 * Math.min(1, rate / busiest) ** 0.55;
