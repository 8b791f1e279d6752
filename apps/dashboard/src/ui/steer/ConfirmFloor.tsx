interface Props {
  readonly message: string;
  /** To be typed: of the Service, node or group. */
  readonly name: string;
  readonly typed: string;
  readonly type: (text: string) => void;
}

/** The one dangerous wish: below the floor of a Service. It takes a name, typed. */
export function ConfirmFloor({ message, name, typed, type }: Props) {
  return (
    <div className="mb-4 rounded-card border border-drain/50 bg-drain/8 px-3 py-2.5">
      <p className="font-medium text-drain-ink wrap-anywhere" role="alert">
        {message}
      </p>
      <label className="mt-2 block text-sm text-soft">
        New connections may be refused or overload what is left. Type{' '}
        <span className="code font-semibold text-text">{name}</span> to go on all the same
        <input
          value={typed}
          onChange={(event) => type(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          data-testid="confirm-name"
          className="code mt-1.5 block h-9 w-full max-w-80 rounded-control border border-line bg-sunk px-3 text-text outline-none focus:border-drain"
        />
      </label>
    </div>
  );
}
