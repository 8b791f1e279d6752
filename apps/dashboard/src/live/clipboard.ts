/** Copies a text. False when the browser forbids it: it does outside https and localhost. */
export async function copyText(text: string): Promise<boolean> {
  if (!navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The one thing it rejects for is a missing permission.
    return false;
  }
}
