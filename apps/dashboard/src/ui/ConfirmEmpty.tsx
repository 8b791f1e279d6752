'use client';
import { AlertDialog } from 'radix-ui';
import { useState } from 'react';
import { Button } from './Button.tsx';
import { confirmQuestion, dismissQuestion, useSteering } from './steering.ts';

/** The one dangerous wish: after it nobody would answer. It takes the Service's name, typed. */
export function ConfirmEmpty() {
  const question = useSteering((state) => state.question);
  return (
    <AlertDialog.Root open={question !== undefined} onOpenChange={(open) => open || dismissQuestion()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/55 backdrop-blur-[2px]" />
        <AlertDialog.Content className="rising fixed top-1/2 left-1/2 z-50 w-[440px] -translate-x-1/2 -translate-y-1/2 rounded-card border border-line bg-panel p-5 shadow-cast">
          {question && <Body key={question.request.backend} service={question.service} message={question.message} />}
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function Body({ service, message }: { readonly service: string; readonly message: string }) {
  const [typed, setTyped] = useState('');
  const name = service.split('/').at(-1) ?? service;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === name) confirmQuestion();
      }}
    >
      <AlertDialog.Title className="text-figure font-semibold">{name} would have no backend left</AlertDialog.Title>
      <AlertDialog.Description className="mt-2 text-soft">
        {message} Every new connection to <span className="code text-text">{service}</span> will be refused on every
        node until a backend is undrained. What is open stays open.
      </AlertDialog.Description>
      <label className="mt-4 block text-sm text-soft">
        Type <span className="code font-semibold text-text">{name}</span> to go on
        <input
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          data-testid="confirm-name"
          className="code mt-1.5 block h-9 w-full rounded-control border border-line bg-sunk px-3 text-text outline-none focus:border-drain"
        />
      </label>
      <div className="mt-5 flex justify-end gap-2">
        <AlertDialog.Cancel asChild>
          <Button>Keep it as it is</Button>
        </AlertDialog.Cancel>
        <Button tone="danger" type="submit" disabled={typed !== name} data-testid="confirm-empty">
          Refuse all new connections to {name}
        </Button>
      </div>
    </form>
  );
}
