interface Props {
  readonly text: string;
  /** Places of the letters that were sought, ascending. */
  readonly marks: readonly number[];
  readonly className?: string;
}

/** A name with the letters that were sought standing out. Read aloud it is the plain name. */
export function Marked({ text, marks, className = '' }: Props) {
  return (
    <span className={`truncate ${className}`}>{marks.length === 0 ? text : runsOf(text, marks).map(letters)}</span>
  );
}

interface Run {
  readonly at: number;
  readonly text: string;
  readonly marked: boolean;
}

function runsOf(text: string, marks: readonly number[]): readonly Run[] {
  const wanted = new Set(marks);
  const runs: Run[] = [];
  for (let at = 0; at < text.length; ) {
    const marked = wanted.has(at);
    let end = at + 1;
    while (end < text.length && wanted.has(end) === marked) end += 1;
    runs.push({ at, text: text.slice(at, end), marked });
    at = end;
  }
  return runs;
}

const letters = ({ at, text, marked }: Run) =>
  marked ? (
    <b key={at} className="font-semibold text-live-ink">
      {text}
    </b>
  ) : (
    text
  );
