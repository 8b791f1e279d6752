'use client';
import type { Session } from '@kubecity/protocol';
import { LogOut, UserRound } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useState } from 'react';
import { useSession } from '../../live/session-store.ts';
import { Button } from '../Button.tsx';
import { leave, maySignOut } from './leave.ts';

const HOW: Readonly<Record<Session['how'], string>> = {
  local: 'This dashboard asks nobody who they are: it serves this machine only.',
  token: 'Signed in with a Kubernetes token.',
  oidc: 'Signed in through your organisation.',
  proxy: 'Signed in by the proxy in front of this dashboard; sign out there.',
};

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Who looks, what that person may do, and the way out. */
export function Account() {
  const { session } = useSession();
  const name = session ? `Signed in as ${session.user}` : 'Who you are is not known yet';
  return (
    <Popover.Root>
      <Popover.Trigger
        aria-label={name}
        title={name}
        disabled={!session}
        data-testid="account"
        className="touchable grid size-8 shrink-0 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text disabled:opacity-45 data-[state=open]:bg-selected data-[state=open]:text-text"
      >
        <UserRound className="size-4" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={8}
          aria-label="Who you are"
          className="rising z-40 w-80 rounded-card border border-line bg-panel p-4 shadow-cast"
        >
          {session && <Facts session={session} />}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Facts({ session }: { readonly session: Session }) {
  const { user, groups, how, until } = session;
  return (
    <>
      <p className="text-figure font-semibold break-words" data-testid="account-user">
        {user}
      </p>
      <p className="mt-1 text-soft">{HOW[how]}</p>
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1.5">
        <dt className="text-soft">May steer</dt>
        <dd data-testid="account-may">{mayWords(session.maySteer)}</dd>
        {groups.length > 0 && (
          <>
            <dt className="text-soft">Groups</dt>
            <dd className="code max-h-32 overflow-y-auto break-words">{groups.join(', ')}</dd>
          </>
        )}
        {until !== undefined && (
          <>
            <dt className="text-soft">Until</dt>
            <dd>{TIME.format(until)} at the latest</dd>
          </>
        )}
      </dl>
      {maySignOut(how) && <SignOut />}
    </>
  );
}

function mayWords(maySteer: Session['maySteer']): string {
  if (maySteer === 'all') return 'everything, nodes and zones too';
  if (maySteer.length === 0) return 'nothing: you look only';
  const shown = maySteer.slice(0, 12).join(', ');
  return maySteer.length > 12 ? `${shown} and ${maySteer.length - 12} more namespaces` : shown;
}

function SignOut() {
  const [busy, setBusy] = useState(false);
  const press = async () => {
    setBusy(true);
    await leave();
    setBusy(false);
  };
  return (
    <Button onClick={() => void press()} disabled={busy} data-testid="sign-out" className="mt-4 h-9! w-full">
      <LogOut className="size-3.5" aria-hidden="true" />
      Sign out
    </Button>
  );
}
