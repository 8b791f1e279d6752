/** A fault in one object. The object's other parts and every other object go on working. */
export interface Problem {
  readonly kind:
    | 'Service'
    | 'EndpointSlice'
    | 'RoutingOverride'
    | 'ClusterRoutingOverride'
    | 'Namespace'
    | 'Node'
    | 'NetworkPolicy';
  readonly namespace: string;
  readonly name: string;
  /** Path of the field, as `kubectl explain` writes it: `spec.ports[0].port`. */
  readonly field: string;
  readonly message: string;
}
