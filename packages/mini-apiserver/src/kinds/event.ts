import { type FieldError, invalidValue } from '../field-error.ts';
import { type KubeObject, numberAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { age, NAME, text } from './columns.ts';

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
