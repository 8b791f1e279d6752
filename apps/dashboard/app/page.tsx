import { headers } from 'next/headers';
import { EARLY_START } from '../src/live/early-start.ts';
import { Shell } from '../src/ui/Shell.tsx';

/** Rendered per request: only then is there a nonce, without which the server's Content-Security-Policy lets no script run. */
export default async function Page() {
  const policy = (await headers()).get('content-security-policy') ?? '';
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  return (
    <>
      <script
        // Runs at once. A plain script would wait for the style sheet.
        type="module"
        async
        nonce={nonce}
        // biome-ignore lint/security/noDangerouslySetInnerHtml: a text of our own
        dangerouslySetInnerHTML={{ __html: EARLY_START }}
        // A browser hides the nonce of what it has run.
        suppressHydrationWarning
      />
      <Shell />
    </>
  );
}
