import type { KubeObject } from '../object.ts';
import type { Conversion } from '../resource-type.ts';

/** Field of events.k8s.io/v1 → field of core/v1, in which events are stored. All others have the same name in both. */
const STORED_NAMES = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const toStored: ReadonlyMap<string, string> = new Map(Object.entries(STORED_NAMES));
const fromStored: ReadonlyMap<string, string> = new Map(Object.entries(STORED_NAMES).map(([now, old]) => [old, now]));

/** The two groups of events are two views of the same objects: `kubectl get events` shows what either wrote. */
export const eventConversion: Conversion = {
  toStored: (event) => renamed(event, toStored, 'v1'),
  fromStored: (event) => renamed(event, fromStored, 'events.k8s.io/v1'),
};

function renamed(event: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const entries = Object.entries(event).map(([name, value]) => [names.get(name) ?? name, value]);
  return { ...(Object.fromEntries(entries) as KubeObject), apiVersion };
}
