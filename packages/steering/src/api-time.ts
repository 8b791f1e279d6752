/** As API servers write it: whole seconds. With a fraction it would compare as older than its own second. @param now Unix ms */
export function apiTime(now: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes a time that was given, does not read the clock
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** Unix ms of an RFC 3339 time. */
export function unixTime(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: reads a text, not the clock
  return Date.parse(text);
}
