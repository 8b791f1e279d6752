'use client';
import { KeyRound, LogIn } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { signIn, wayOn } from '../../live/sign-in.ts';
import { followTheme } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { Mark } from '../Mark.tsx';
import { whyWords } from './why-words.ts';

interface Props {
  /** A Kubernetes bearer token is taken. */
  readonly token: boolean;
  /** There is an OpenID Connect issuer. */
  readonly oidc: boolean;
}

/** The door: the ways in that this dashboard has, and why somebody stands before it. */
export function Login({ token, oidc }: Props) {
  const [why, setWhy] = useState<string>();
  const [to, setTo] = useState('/');
  useEffect(() => {
    const { search } = window.location;
    setWhy(whyWords(new URLSearchParams(search).get('why')));
    setTo(wayOn(search));
    return followTheme();
  }, []);
  return (
    <main className="grid h-dvh place-items-center overflow-y-auto bg-ground p-4">
      <div className="w-full max-w-[400px] rounded-card border border-line bg-panel p-6 shadow-cast">
        <div className="flex items-center gap-2.5 [&>svg]:size-7">
          <Mark />
          <h1 className="text-title font-semibold tracking-[-0.01em]">Sign in to Kubecity</h1>
        </div>
        {/* Room for two lines, so that nothing moves when there is something to say. */}
        <p role="alert" data-testid="login-why" className="mt-3 min-h-10">
          {why}
        </p>
        {token && <TokenForm to={to} refused={setWhy} />}
        {token && oidc && (
          <div className="my-4 flex items-center gap-3 text-sm text-soft" aria-hidden="true">
            <span className="h-px flex-1 bg-line" />
            or
            <span className="h-px flex-1 bg-line" />
          </div>
        )}
        {oidc && (
          <a
            href={`/api/v1/oidc/start?to=${encodeURIComponent(to)}`}
            data-testid="login-oidc"
            className="flex h-11 w-full items-center justify-center gap-2 rounded-control border border-line bg-raised font-medium transition-colors duration-150 hover:bg-hover"
          >
            <LogIn className="size-4" aria-hidden="true" />
            Continue with your organisation
          </a>
        )}
        {!token && !oidc && (
          <p>
            People reach this dashboard through a proxy that knows who they are. Open it under the address that your
            organisation gave it.
          </p>
        )}
      </div>
    </main>
  );
}

function TokenForm({ to, refused }: { readonly to: string; readonly refused: (why: string) => void }) {
  // Not before the page runs: until then a browser would send the form in its own way.
  const [state, setState] = useState<'early' | 'ready' | 'asking'>('early');
  useEffect(() => setState('ready'), []);
  // What is typed before the page runs stays, for React does not hold it.
  const field = useRef<HTMLInputElement>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setState('asking');
    const outcome = await signIn(field.current?.value.trim() ?? '');
    if (outcome.ok) {
      window.location.assign(to);
      return;
    }
    setState('ready');
    refused(outcome.message);
    if (!field.current) return;
    field.current.value = '';
    field.current.focus();
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-2">
      <label htmlFor="token" className="font-medium">
        Kubernetes bearer token
      </label>
      <input
        ref={field}
        id="token"
        type="password"
        // biome-ignore lint/a11y/noAutofocus: it is what the page is for
        autoFocus
        required
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-describedby="token-hint"
        data-testid="login-token"
        className="code h-11 rounded-control border border-line bg-sunk px-3 outline-none focus:border-live"
      />
      <p id="token-hint" className="text-sm text-soft">
        For instance from <span className="code">kubectl create token NAME</span>. The dashboard keeps it in its memory
        until you sign out, and acts in the cluster with your rights only.
      </p>
      <Button type="submit" tone="undrain" disabled={state !== 'ready'} className="mt-2 h-11!" data-testid="login-send">
        <KeyRound className="size-4" aria-hidden="true" />
        {state === 'asking' ? 'Asking the cluster…' : 'Sign in'}
      </Button>
    </form>
  );
}
