'use client';
import { Navigation } from 'lucide-react';
import { useMemo } from 'react';
import type { EdgeEnds } from '../../city/edge-ends.ts';
import { plural } from '../../city/format.ts';
import { lanesOfRoad, lensOfRoad, streetWithin } from '../../city/lanes.ts';
import { rankClients, rankStreets, rankTargets } from '../../city/ranking.ts';
import { placesOfRoad } from '../../city/survey.ts';
import { goTo, look, useView } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { placeName } from '../place-name.ts';
import { Classes } from './Classes.tsx';
import { Figures } from './Figures.tsx';
import { Ranking } from './Ranking.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

const NOTHING = 'Nothing runs on it now.';

/** Streets that are drawn as one from afar: between two districts, or past junctions that are folded. */
export function BundlePanel({ id }: { readonly id: string }) {
  const { survey, into, edges, traffic } = useScope({ kind: 'road', id });
  const measure = useView((state) => state.metric);
  const standing = useStanding({ edges, homes: [] });
  const { streets, clients, targets } = useMemo(() => {
    const { city, ends } = survey;
    const laneOf = lanesOfRoad(city, id);
    const streetOf = ([key]: (typeof into)[number]) => {
      const own = ends.get(key) as EdgeEnds;
      return streetWithin(id, own, laneOf(own) ?? 'out');
    };
    return {
      streets: rankStreets(into, measure, streetOf, (place) => placeName(survey, place)),
      clients: rankClients(city, into, measure),
      targets: rankTargets(city, into, measure),
    };
  }, [survey, into, measure, id]);
  const { from, to, direct } = placesOfRoad(id);
  // A street between two nodes has its Services within, and no street that is finer.
  const finer = streets.filter((street) => street.id !== id);
  const parts = [
    direct ? 'bundled footpath' : 'bundled street',
    ...(finer.length > 0 ? [plural(finer.length, 'street')] : []),
    plural(into.length, 'edge'),
  ];
  return (
    <>
      <Title title={`${placeName(survey, from)} → ${placeName(survey, to)}`} detail={parts.join(' · ')} />
      <Figures id={`road:${id}`} traffic={traffic} standing={standing} />
      <Button className="mt-3" data-testid="fly-there" onClick={() => flyTo(id)}>
        <Navigation className="size-3.5" aria-hidden="true" />
        Fly there
      </Button>
      {finer.length > 0 && <Ranking title="Streets on it" rows={finer} none={NOTHING} testId="streets" />}
      <Ranking title="From whom" rows={clients} none={NOTHING} testId="top-clients" />
      <Ranking title="To whom" rows={targets} none={NOTHING} testId="top-targets" />
      <Classes traffic={traffic} standing={standing} />
    </>
  );
}

/** On the lens that draws it. */
function flyTo(id: string): void {
  const lens = lensOfRoad(id) ?? 'services';
  if (useView.getState().view !== lens) look(lens);
  goTo({ kind: 'road', id });
}
