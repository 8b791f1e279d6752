import { percent } from '../../city/format.ts';
import { type Counted, countedWords, type Verdict } from '../../city/share.ts';

interface Props {
  /** Absent: `past`, of which shares are not kept; `untold`, the hub has not said yet; `none`, no new connection at all. */
  readonly verdict: Verdict | 'past' | 'untold' | 'none';
  /** What the verdict is about; absent with `past` and `untold`. */
  readonly counted?: Counted | undefined;
  readonly wished: number;
  /** The wished share is one that a hand holds and nobody has yet. */
  readonly draft: boolean;
}

/** The observed share in words, beside the wished one: what it is, how sure that is, and whether the two agree. */
export function ShareWords({ verdict, counted, wished, draft }: Props) {
  return (
    <p className="mt-1.5 flex justify-between gap-3 text-sm text-soft">
      <Observed verdict={verdict} counted={counted} />
      <span className="shrink-0">
        wished <b className={`font-medium ${draft ? 'text-weight-ink' : 'text-text'}`}>{percent(wished)}</b>
      </span>
    </p>
  );
}

function Observed({ verdict, counted }: Pick<Props, 'verdict' | 'counted'>) {
  if (verdict === 'past') return <span>observed share of then is not kept</span>;
  if (verdict === 'untold' || !counted) return <span>observed share not told yet</span>;
  if (verdict === 'none') return <span>{countedWords(counted)}</span>;
  if (verdict.is === 'few') return <span>too few to tell: {countedWords(counted)}</span>;
  const { is, share, low, high } = verdict;
  return (
    <span>
      <b className="font-medium text-text">{percent(share)}</b> of new, {percent(low)} to {percent(high)}
      {counted.sinceChange && `, in ${counted.windowSeconds} s since the change`}
      {is !== 'wished' && <span className="text-light-ink">: {is} than wished</span>}
    </span>
  );
}
