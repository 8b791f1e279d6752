/** Colours of the canvas, read from the page's tokens (`app/tokens.css`): one file holds day and night. */
const TOKENS = {
  ground: '--ground',
  land: '--land',
  landEdge: '--land-edge',
  water: '--water',
  road: '--road',
  casing: '--road-casing',
  text: '--text',
  soft: '--text-soft',
  faint: '--text-faint',
  light: '--light',
  quiet: '--quiet',
  live: '--live',
  drain: '--drain',
  weight: '--weight',
  refused: '--refused',
  wall: '--wall',
  wallEdge: '--wall-edge',
  shade: '--shade',
  plaza: '--plaza',
  plazaEdge: '--plaza-edge',
} as const;

export type Palette = Readonly<Record<keyof typeof TOKENS, string>> & { readonly hues: readonly string[] };

/** A custom property is plain text until something is painted with it: a probe resolves `light-dark()`. */
export function readPalette(host: Element): Palette {
  const probe = document.createElement('span');
  // Forced colours would make all of them one; the map itself is a picture and keeps its own.
  probe.style.setProperty('forced-color-adjust', 'none');
  host.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(Object.entries(TOKENS).map(([key, name]) => [key, read(name)]));
  const hues = Array.from({ length: 6 }, (_, i) => read(`--hue-${i}`));
  probe.remove();
  return { ...(colours as Record<keyof typeof TOKENS, string>), hues };
}
