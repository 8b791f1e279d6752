'use client';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '../Button.tsx';

/** Copies a text that is made when it is asked for, and says how that went. */
export function CopyText({ text }: { readonly text: () => string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2500);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () => {
    navigator.clipboard.writeText(text()).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  return (
    <Button onClick={copy} data-testid="copy-text">
      {state === 'copied' ? (
        <Check className="size-3.5" aria-hidden="true" />
      ) : (
        <Copy className="size-3.5" aria-hidden="true" />
      )}
      <span role="status">{WORDS[state]}</span>
    </Button>
  );
}

const WORDS = { idle: 'Copy as text', copied: 'Copied', failed: 'The browser refused' } as const;
