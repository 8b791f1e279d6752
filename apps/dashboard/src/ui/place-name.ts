import { GONE_GATE, NODES_GATE, OUTSIDE_GATE, type Survey } from '../city/survey.ts';

/** The words for a place of the map: `shop/web`, `node-a`, `load generators in shop`, `outside`. */
export function placeName(survey: Survey, id: string): string {
  if (id === OUTSIDE_GATE) return 'outside';
  if (id === NODES_GATE) return 'node clients';
  if (id === GONE_GATE) return 'clients now gone';
  const bare = id.replace(/^[a-z]+:/, '').replace(/@.*$/s, '');
  if (id.startsWith('pod:')) return survey.city.pod.get(bare)?.name ?? bare;
  if (id.startsWith('address:')) return bare.replace(/^.*\|/, '');
  return bare;
}
