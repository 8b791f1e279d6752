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

/** Hands a file to the person's downloads. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // After the click: the browser reads the blob once the task is over.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
