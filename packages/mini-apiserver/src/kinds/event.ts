import { builtinSchema } from '../builtin-schema.ts';
import { type FieldError, invalidValue, notSupported, required } from '../field-error.ts';
import { type KubeObject, numberAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { age, NAME, text } from './columns.ts';
import { eventConversion } from './event-conversion.ts';

export const events = builtin({
  plural: 'events',
  kind: 'Event',
  model: 'CoreV1Event',
  shortNames: ['ev'],
  fieldSelectors: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  rules: { validate: validateEvent },
  columns: [
    text('Last Seen', (event, now) => age(lastSeen(event), now)),
    text('Type', (event) => stringAt(event, 'type') ?? ''),
    text('Reason', (event) => stringAt(event, 'reason') ?? ''),
    text('Object', object),
    text('Subobject', (event) => stringAt(event, 'involvedObject', 'fieldPath') ?? '', true),
    text('Source', source, true),
    text('Message', (event) => (stringAt(event, 'message') ?? '').trim()),
    text(
      'First Seen',
      (event, now) => age(stringAt(event, 'firstTimestamp') ?? stringAt(event, 'eventTime'), now),
      true,
    ),
    text('Count', (event) => String(numberAt(event, 'count') ?? 1), true),
    { ...NAME, wide: true },
  ],
});

/** The same objects under the names of the newer group. */
export const newEvents = builtin({
  ...events,
  group: 'events.k8s.io',
  key: events.key,
  model: 'EventsV1Event',
  schema: builtinSchema('EventsV1Event'),
  fieldSelectors: ['reason', 'type'],
  rules: { validate: (event, old) => [...validateEvent(event), ...(old === undefined ? validateNewEvent(event) : [])] },
  conversion: eventConversion,
});

const lastSeen = (event: KubeObject) =>
  stringAt(event, 'series', 'lastObservedTime') ?? stringAt(event, 'lastTimestamp') ?? stringAt(event, 'eventTime');

function object(event: KubeObject): string {
  const { kind, name } = objectAt(event, 'involvedObject');
  return name ? `${String(kind).toLowerCase()}/${String(name)}` : String(kind ?? '').toLowerCase();
}

function source(event: KubeObject): string {
  const { component, host } = objectAt(event, 'source');
  return [component ?? stringAt(event, 'reportingComponent'), host].filter(Boolean).join(', ');
}

function validateEvent(event: KubeObject): FieldError[] {
  const about = stringAt(event, 'involvedObject', 'namespace') ?? '';
  const { namespace } = event.metadata;
  // Events of cluster-wide objects live in `default`.
  if (about === namespace || (about === '' && namespace === 'default')) return [];
  return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}

const TEXTS = [
  { field: 'reportingController', stored: 'reportingComponent', longest: 253 },
  { field: 'reportingInstance', stored: 'reportingInstance', longest: 128 },
  { field: 'action', stored: 'action', longest: 128 },
  { field: 'reason', stored: 'reason', longest: 128 },
];

/** What events.k8s.io asks of a new event beyond core/v1; `event` is the stored form. */
function validateNewEvent(event: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (event.eventTime === undefined) errors.push(required('eventTime'));
  for (const { field, stored, longest } of TEXTS) {
    const value = stringAt(event, stored) ?? '';
    if (value === '') errors.push(required(field));
    else if (value.length > longest) errors.push(invalidValue(field, value, `can have at most ${longest} characters`));
  }
  const note = stringAt(event, 'message') ?? '';
  if (note.length > 1024) errors.push(invalidValue('note', '', 'can have at most 1024 characters'));
  const types = ['Normal', 'Warning'];
  if (!types.includes(String(event.type))) errors.push(notSupported('type', event.type, types));
  return errors;
}
