'use client';
import { Route } from 'lucide-react';
import { Button } from '../Button.tsx';
import { openWhy, type WhyPreset } from './actions.ts';

interface Props extends WhyPreset {
  readonly label?: string;
}

/** Asks which way a packet takes, and why: `<Why source={…} destination={…} />`, or `pod` for one that gets nothing. */
export function Why({ label = 'Why here?', ...preset }: Props) {
  return (
    <Button data-testid="why" onClick={() => openWhy(preset)}>
      <Route className="size-3.5" aria-hidden="true" />
      {label}
    </Button>
  );
}
