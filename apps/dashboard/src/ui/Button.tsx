import type { ComponentProps } from 'react';

const TONES = {
  plain: 'border-line bg-raised text-text hover:bg-hover',
  drain: 'border-line bg-raised text-text hover:border-drain/60 hover:text-drain-ink hover:bg-drain/10',
  drainNow: 'border-drain/50 bg-drain/12 text-drain-ink hover:bg-drain/20',
  undrain: 'border-live/40 bg-live/10 text-live-ink hover:bg-live/20',
  weight: 'border-weight/50 bg-weight/12 text-weight-ink hover:bg-weight/20',
  danger: 'border-transparent bg-drain text-[#22060c] font-semibold hover:brightness-110',
  bare: 'border-transparent text-soft hover:bg-hover hover:text-text',
} as const;

interface Props extends ComponentProps<'button'> {
  readonly tone?: keyof typeof TONES;
}

export function Button({ tone = 'plain', className = '', ...rest }: Props) {
  return (
    <button
      type="button"
      className={`touchable inline-flex h-7 items-center justify-center gap-1.5 rounded-control border px-2.5 text-sm font-medium whitespace-nowrap transition-colors duration-150 disabled:opacity-45 disabled:pointer-events-none ${TONES[tone]} ${className}`}
      {...rest}
    />
  );
}
