'use client';
import type { PlannedWrite, SteerPreview } from '@kubecity/protocol';
import { TriangleAlert } from 'lucide-react';
import { Button } from '../Button.tsx';
import { ADVICE } from '../steering.ts';
import { Rules } from './Rules.tsx';
import { ShareTable } from './ShareTable.tsx';
import type { Preview } from './use-preview.ts';

interface Props {
  readonly preview: Preview;
  /** The fields are wrong: nothing can be said of what would come of it. */
  readonly faulty: boolean;
}

/** What would come of it: the objects, shares before and after, remarks, rules. Old while the next answer is awaited. */
export function Outcome({ preview: { answer, asking, fresh, again }, faulty }: Props) {
  if (!answer) {
    return (
      <p className={`grid h-full place-items-center text-soft ${asking ? 'breathing' : ''}`}>
        {faulty ? 'Fill in the fields to see what comes of it.' : 'Asking the nodes…'}
      </p>
    );
  }
  const { preview } = answer;
  return (
    <div // Text that fades could not be read: a dashed line says that it is old.
      className={`-ml-3.5 border-l-2 border-dashed pl-3 ${fresh ? 'border-transparent' : 'border-light'}`}
      aria-busy={!fresh}
      data-testid="outcome"
      data-fresh={fresh}
    >
      {!answer.ok && answer.code !== 'would-empty' && (
        <Refused message={answer.message} advice={ADVICE[answer.code]} again={again} />
      )}
      {answer.ok && <p className="mb-3 font-medium wrap-anywhere">{answer.message}</p>}
      {answer.ok && <Remarks remarks={answer.remarks} />}
      {preview && <Shown preview={preview} />}
    </div>
  );
}

function Shown({ preview: { writes, tables, truncated, nodes } }: { readonly preview: SteerPreview }) {
  return (
    <>
      <section aria-label="Shares before and after">
        {tables.map((table) => (
          <ShareTable key={table.servicePort} table={table} />
        ))}
        {truncated && <p className="mb-4 text-sm text-light-ink">There are more service ports than are shown here.</p>}
        {tables.length === 0 && <p className="mb-4 text-sm text-soft">No share changes.</p>}
      </section>
      <Rules nodes={nodes} />
      {writes.map((write) => (
        <Written key={`${write.namespace ?? ''}/${write.name}`} write={write} />
      ))}
    </>
  );
}

export function Remarks({ remarks }: { readonly remarks: readonly string[] }) {
  if (remarks.length === 0) return null;
  return (
    <ul className="mb-4 flex flex-col gap-1.5" data-testid="remarks">
      {remarks.map((remark) => (
        <li key={remark} className="flex gap-2 text-sm wrap-anywhere">
          <TriangleAlert className="mt-0.5 size-3.5 shrink-0 text-light-ink" aria-hidden="true" />
          {remark}
        </li>
      ))}
    </ul>
  );
}

interface RefusedProps {
  readonly message: string;
  readonly advice: string;
  readonly again: () => void;
}

/** A refusal, what a person can do about it, and another look. */
export function Refused({ message, advice, again }: RefusedProps) {
  return (
    <div className="mb-4 rounded-card border border-drain/35 bg-drain/8 px-3 py-2" role="alert" data-testid="refused">
      <p className="font-medium text-drain-ink wrap-anywhere">{message}</p>
      <div className="mt-1.5 flex items-center gap-3">
        <p className="min-w-0 flex-1 text-sm text-soft">{advice}</p>
        <Button onClick={again} data-testid="look-again">
          Look again
        </Button>
      </div>
    </div>
  );
}

const VERBS = { create: 'Creates', replace: 'Changes', delete: 'Deletes' } as const;

/** The object, as it stands in the API. */
function Written({ write: { verb, kind, namespace, name, before, after } }: { readonly write: PlannedWrite }) {
  const spec = after ?? before;
  return (
    <details className="mb-2" data-testid="write">
      <summary className="min-h-6 cursor-pointer text-sm wrap-anywhere">
        {VERBS[verb]} {kind}{' '}
        <span className="code">
          {namespace !== undefined && `${namespace}/`}
          {name}
        </span>
      </summary>
      {spec !== undefined && (
        <pre className="code mt-1 overflow-x-auto rounded-control border border-line p-2 text-xs">
          {JSON.stringify(spec, null, 2)}
        </pre>
      )}
    </details>
  );
}
