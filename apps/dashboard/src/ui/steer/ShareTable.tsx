'use client';
import type { ShareRow, ShareTable as Table } from '@kubecity/protocol';
import { count, percent, plural, rate, weightText } from '../../city/format.ts';

/** Rows of one table: nobody reads the second hundred in a sheet. */
const MOST = 40;

/** The shares of one service port, before and after, with what its floor says. Those that change stand first. */
export function ShareTable({ table }: { readonly table: Table }) {
  const { servicePort, rows, active } = table;
  const sorted = [...rows].sort((a, b) => Number(changes(b)) - Number(changes(a)));
  const broken = active.after < active.floor;
  return (
    <section aria-label={servicePort} data-testid="share-table" className="mb-4">
      <div className="mb-1 flex items-baseline justify-between gap-3">
        <h4 className="code min-w-0 font-semibold wrap-anywhere">{servicePort}</h4>
        <p className={`shrink-0 text-sm ${broken ? 'text-drain-ink' : 'text-soft'}`} data-testid="floor">
          {count(active.after)} of {count(active.of)} stay, floor {count(active.floor)}
          {broken && ': too few'}
        </p>
      </div>
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-xs text-soft">
            <th className="py-1 pr-3 text-left font-medium">Backend</th>
            <th className="py-1 pl-3 text-right font-medium">Weight</th>
            <th className="py-1 pl-3 text-right font-medium">Share</th>
            <th className="py-1 pl-3 text-right font-medium">New conn/s</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST).map((row) => (
            <Row key={row.backend} row={row} />
          ))}
        </tbody>
      </table>
      {sorted.length > MOST && (
        <p className="mt-1 text-sm text-soft">and {plural(sorted.length - MOST, 'backend')} more</p>
      )}
    </section>
  );
}

const changes = ({ before, after }: ShareRow): boolean =>
  before.weight !== after.weight || before.share !== after.share || before.draining !== after.draining;

function Row({ row }: { readonly row: ShareRow }) {
  const { backend, pod, node, before, after, rateBefore, rateAfter } = row;
  const rates = [rateBefore, rateAfter].map((value) => (value === undefined ? 'unknown' : rate(value))) as [
    string,
    string,
  ];
  const state = (of: ShareRow['before']) => (of.draining ? 'drain' : weightText(of.weight));
  return (
    <tr className="border-b border-line/60" data-testid="share-row" data-backend={backend}>
      <th scope="row" className="max-w-0 py-1 pr-3 text-left font-normal">
        <span className="code block truncate" title={pod ?? backend}>
          {pod ?? backend.slice(backend.lastIndexOf('|') + 1)}
        </span>
        {node !== undefined && <span className="block text-xs text-soft">{node}</span>}
      </th>
      <Change before={state(before)} after={state(after)} />
      <Change before={percent(before.share)} after={percent(after.share)} />
      <Change before={rates[0]} after={rates[1]} />
    </tr>
  );
}

/** `25 % → 33 %`; once when nothing changes. */
function Change({ before, after }: { readonly before: string; readonly after: string }) {
  return (
    <td className="w-[108px] py-1 pl-3 text-right align-top whitespace-nowrap">
      {before === after ? (
        <span className="text-soft">{after}</span>
      ) : (
        <>
          <span className="text-soft">{before} </span>
          <span aria-hidden="true" className="text-soft">
            →
          </span>
          <span className="sr-only">becomes</span> <b className="font-semibold">{after}</b>
        </>
      )}
    </td>
  );
}
