'use client';
import { useCallback } from 'react';
import { type Facet, toggled, valuesOf, valueWords } from '../../city/facets.ts';
import { useCity } from '../../live/city-store.ts';
import { setFilter } from '../../live/view-store.ts';
import { ValuePicker } from './ValuePicker.tsx';

/** One list of the filter: any number of its values, sought by typing. */
export function FacetPicker({ facet }: { readonly facet: Facet }) {
  const filter = useCity((state) => state.filter);
  const city = useCity((state) => state.whole.city);
  const values = useCallback(() => valuesOf(city, facet.id, filter), [city, facet.id, filter]);
  return (
    <ValuePicker
      label={facet.label}
      one={facet.one}
      chosen={filter[facet.id]}
      values={values}
      wordsOf={(value) => valueWords(facet.id, value)}
      toggle={(value) => setFilter(toggled(filter, facet.id, value))}
      testId={`filter-${facet.id}`}
    />
  );
}
