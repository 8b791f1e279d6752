import type { ReactNode } from 'react';

interface Props {
  /** Why the controls cannot be used now; absent = they can. */
  readonly why: string | undefined;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Controls that may be locked, with the reason for the pointer and for a screen reader. They keep their place. */
export function Locked({ why, className = '', children }: Props) {
  return (
    <fieldset disabled={why !== undefined} title={why} className={`min-w-0 ${className}`}>
      {why !== undefined && <legend className="sr-only">{why}</legend>}
      {children}
    </fieldset>
  );
}
