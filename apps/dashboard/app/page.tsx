import { connection } from 'next/server';
import { Shell } from '../src/ui/Shell.tsx';

export default async function Page() {
  // Rendered per request: only then does Next.js give its scripts the nonce of the server's Content-Security-Policy.
  await connection();
  return <Shell />;
}
