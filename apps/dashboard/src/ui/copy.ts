import { copyText } from '../live/clipboard.ts';
import { notify } from './notices.ts';

/** Copies, and says that it did or why it could not. `what` begins the sentence: `The link`. */
export async function copy(what: string, text: string): Promise<void> {
  if (await copyText(text)) notify({ tone: 'done', title: `${what} is copied.`, detail: '' });
  else {
    const detail = 'Browsers permit copying under https and on localhost only.';
    notify({ tone: 'error', title: `${what} could not be copied.`, detail });
  }
}
