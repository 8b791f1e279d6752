import { PROTOCOL_VERSION } from '@kubecity/protocol';
import { NEW_STREAM, takeFrame } from '../../src/city/city.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { EdgeTeller } from './edge-teller.ts';
import { type ToyCity, toyCity } from './toy-city.ts';

const NOW = 1_700_000_000_000;

/** The toy city as a browser would hold it; `shape` may change it before. */
export function cityOf(seed: number, shape: (city: ToyCity) => void = () => undefined): Survey {
  const toy = toyCity(seed);
  shape(toy);
  const edges = new EdgeTeller().reset(toy.edges(NOW));
  const frame = { protocol: PROTOCOL_VERSION, epoch: 'one', seq: 0, at: NOW, ops: toy.snapshot(NOW), edges };
  return surveyCity(takeFrame(NEW_STREAM, frame).stream.city);
}
