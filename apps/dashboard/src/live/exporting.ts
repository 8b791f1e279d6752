import { captionOf } from '../city/caption.ts';
import { factsOf, type Shown } from '../city/facts.ts';
import { drawPicture, type Picture, sizeOf } from '../map/svg/picture.ts';
import { svgOf } from '../map/svg/svg.ts';
import { hubNow, useCity } from './city-store.ts';
import { useOnStage } from './on-stage.ts';
import { useView } from './view-store.ts';

/** Of a PNG, pixels for each CSS pixel. */
const SHARP = 2;

export function saveSvg(): void {
  const picture = pictureNow();
  if (!picture) return;
  const context = document.createElement('canvas').getContext('2d');
  if (!context) throw new Error('this browser measures no text');
  const text = svgOf(picture, (words, font, letterSpacing) => {
    context.font = font;
    context.letterSpacing = letterSpacing;
    return context.measureText(words).width;
  });
  save(new Blob([text], { type: 'image/svg+xml' }), 'svg');
}

/** The same drawing on a canvas: an SVG in an `<img>` would not find the page's fonts. */
export function savePng(): void {
  const picture = pictureNow();
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!picture || !context) return;
  const { width, height } = sizeOf(picture);
  [canvas.width, canvas.height] = [Math.round(width * SHARP), Math.round(height * SHARP)];
  drawPicture(context, picture, SHARP);
  canvas.toBlob((blob) => blob && save(blob, 'png'), 'image/png');
}

export function saveJson(): void {
  save(new Blob([`${JSON.stringify(factsOf(shownNow()), null, 1)}\n`], { type: 'application/json' }), 'json');
}

function pictureNow(): Picture | undefined {
  const view = useOnStage.getState().stage?.view();
  return view && { view, caption: captionOf(shownNow()) };
}

function shownNow(): Shown {
  const city = useCity.getState();
  const { survey, folded, moment, filter, only, stream } = city;
  return { survey, folded, moment, filter, only, lens: useView.getState().view, now: hubNow(city), heard: stream.at };
}

/** `shop-prod services 2026-11-23 05.35.04.svg`: no name has a sign that some file system refuses. */
export function save(blob: Blob, ending: string, what: string = useView.getState().view): void {
  const { survey, moment, stream } = useCity.getState();
  const cluster = [...survey.city.cluster.values()][0]?.name ?? 'kubecity';
  const time = new Date(moment?.at ?? stream.at).toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${cluster} ${what} ${time}.${ending}`.replace(/[^\w .-]+/g, '-');
  link.click();
  // The browser has begun to read it by the end of this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
