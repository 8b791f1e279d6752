/** A thing that needs ground in its namespace: a roundabout with its houses, or a hamlet. */
export interface Plot {
  readonly id: string;
  readonly namespace: string;
  /** Radius of the circle it needs, houses included. */
  readonly radius: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}
