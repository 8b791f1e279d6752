import { CUT_PER_SECOND, MAX_WEIGHT } from '@kubecity/routing';

/**
 * What `overrideSpec` of @kubecity/routing says, as a structural schema (apiextensions.k8s.io/v1) with rules in CEL, so that
 * `kubectl apply` is refused what a button would not write. Every list and text is bounded: the API server estimates the
 * cost of a rule from what could be there at most.
 */
const name = { type: 'string', minLength: 1, maxLength: 253 };
const listOf = (items: object, maxItems: number) => ({ type: 'array', items, maxItems });
const count = { type: 'integer', format: 'int64', minimum: 0 };
const whole = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum });
const time = { type: 'string', format: 'date-time', maxLength: 64 };
const oneOf = (...values: readonly string[]) => ({ type: 'string', enum: values });

const backends = {
  type: 'object',
  description: 'Who: all given fields must match; every backend of the Service when absent.',
  properties: {
    selector: {
      type: 'object',
      description: 'Labels of pods.',
      required: ['matchLabels'],
      properties: {
        matchLabels: { type: 'object', maxProperties: 100, additionalProperties: { type: 'string', maxLength: 63 } },
      },
    },
    podNames: listOf(name, 1000),
    nodeNames: listOf(name, 1000),
    zones: listOf(name, 100),
    addresses: listOf({ type: 'string', minLength: 1, maxLength: 45 }, 1000),
  },
};

const drain = {
  type: 'object',
  description: 'No new connections; what is open goes on or is ended.',
  properties: {
    existing: {
      ...oneOf('wait', 'cutIdle', 'cut'),
      default: 'wait',
      description: 'What becomes of open connections: they are waited for; those that are idle are ended; all are.',
    },
    udp: { ...oneOf('wait', 'cutIdle', 'cut'), description: 'The same for UDP; as `existing` when absent.' },
    sticky: {
      ...oneOf('keep', 'expire'),
      default: 'expire',
      description: 'Whether clients that session affinity holds here may still come back until their window ends.',
    },
    deadlineSeconds: {
      ...whole(0, 604_800),
      description: 'So long after the start whatever is left is ended; never when absent.',
    },
    cutPerSecond: {
      ...whole(1, 10_000),
      default: CUT_PER_SECOND,
      description: 'How many connections each node ends per second at most.',
    },
  },
};

const ramp = {
  type: 'object',
  description: 'The way from another weight or share to the wished one, begun at the start, in equal steps.',
  required: ['from', 'seconds'],
  properties: { from: whole(0, MAX_WEIGHT), seconds: whole(1, 86_400) },
};

const properties = {
  service: {
    ...name,
    description: 'Name of a Service in this namespace; when absent, every Service that has the chosen backends.',
  },
  ports: {
    ...listOf({ type: 'string', maxLength: 63 }, 100),
    description: 'Names of ports of the Service; every port when absent.',
  },
  backends,
  weight: {
    ...whole(0, MAX_WEIGHT),
    description: 'Share of new connections of each backend, relative to the others; 100 is neutral, 0 is none.',
  },
  share: {
    ...whole(0, 100),
    description: 'Percent of the new connections of each service port that the chosen backends get together.',
  },
  drain,
  ramp,
  startAt: {
    ...time,
    description: 'When ramp and deadline begin, and who is younger; when the object was made when absent.',
  },
  expiresAt: { ...time, description: 'From then on this object has no effect.' },
  allowEmpty: {
    type: 'boolean',
    default: false,
    description:
      'Without it the agents lift this override rather than leave a Service with fewer backends than its floor.',
  },
  reason: { type: 'string', maxLength: 1024, description: 'Why, for whoever finds it later.' },
};

/** One rule in CEL: what it says, to whom, and how the API server calls the fault. */
const rule = (expression: string, fieldPath: string, reason: string, message: string) => ({
  rule: expression,
  message,
  fieldPath,
  reason: `FieldValue${reason}`,
});

const lists = ['podNames', 'nodeNames', 'zones', 'addresses'];
const CHOOSES = [
  'has(self.backends.selector) && size(self.backends.selector.matchLabels) > 0',
  ...lists.map((list) => `has(self.backends.${list}) && size(self.backends.${list}) > 0`),
].join(' || ');

const effects = [
  rule(
    'has(self.weight) || has(self.share) || has(self.drain)',
    '.weight',
    'Required',
    'exactly one of weight, share and drain must be given',
  ),
  rule(
    '!(has(self.weight) && has(self.share))',
    '.share',
    'Forbidden',
    'exactly one of weight, share and drain must be given',
  ),
  rule(
    '!(has(self.drain) && (has(self.weight) || has(self.share)))',
    '.drain',
    'Forbidden',
    'exactly one of weight, share and drain must be given',
  ),
  rule('!(has(self.ramp) && has(self.drain))', '.ramp', 'Forbidden', 'goes with weight or share, not with drain'),
  rule(
    '!(has(self.ramp) && has(self.share)) || self.ramp.from <= 100',
    '.ramp.from',
    'Invalid',
    'a share is at most 100',
  ),
  rule(
    '!(has(self.startAt) && has(self.expiresAt)) || self.expiresAt > self.startAt',
    '.expiresAt',
    'Invalid',
    'must be after startAt',
  ),
];

const ofNamespace = [
  rule(
    `has(self.service) || has(self.backends) && (${CHOOSES})`,
    '.service',
    'Required',
    'may be absent only when backends are chosen',
  ),
  rule('!has(self.ports) || size(self.ports) == 0 || has(self.service)', '.ports', 'Forbidden', 'needs spec.service'),
];

// Both are in the schema of the cluster's kind too: a field that a schema does not have would vanish without a word.
const ofCluster = [
  rule('!has(self.service)', '.service', 'Forbidden', 'a ClusterRoutingOverride is about every Service'),
  rule(
    '!has(self.ports) || size(self.ports) == 0',
    '.ports',
    'Forbidden',
    'a ClusterRoutingOverride is about every port',
  ),
  rule(`has(self.backends) && (${CHOOSES})`, '.backends', 'Required', 'must choose some backends'),
];

/** @param cluster of a `ClusterRoutingOverride` */
export function specSchema(cluster: boolean) {
  return {
    type: 'object',
    properties,
    'x-kubernetes-validations': [...effects, ...(cluster ? ofCluster : ofNamespace)],
  };
}

const condition = {
  type: 'object',
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: oneOf('Accepted', 'Programmed', 'Drained'),
    status: oneOf('True', 'False', 'Unknown'),
    observedGeneration: count,
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: { type: 'string', maxLength: 1024 },
    message: { type: 'string', maxLength: 32_768 },
  },
};

export const statusSchema = {
  type: 'object',
  properties: {
    observedGeneration: count,
    conditions: {
      ...listOf(condition, 8),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
    nodes: {
      type: 'object',
      description: 'Nodes whose kernels are to hold this override, and those that have not confirmed it.',
      properties: {
        desired: count,
        acknowledged: count,
        waitingFor: { ...listOf(name, 100), description: 'The first hundred by name.' },
      },
    },
    connections: {
      type: 'object',
      description: 'Still open on the backends of this override, over all nodes.',
      properties: {
        moving: count,
        idle: count,
        closing: count,
        waiting: count,
        coverage: oneOf('complete', 'atLeast'),
      },
    },
    cut: { ...count, description: 'Connections that were ended for this override, over all nodes.' },
    value: { type: 'number', minimum: 0, description: 'Of a ramp: the weight or share that holds at present.' },
  },
};
