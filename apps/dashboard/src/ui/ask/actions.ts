import { create } from 'zustand';
import type { PacketDestination, PacketSource } from '../../city/packet-ends.ts';
import { useView } from '../../live/view-store.ts';

/** What stands in the pickers when “Why here?” opens. All of it may be missing. */
export interface WhyPreset {
  readonly source?: PacketSource;
  /** An address and port, or the first door of a Service or of one of its ports. */
  readonly destination?: PacketDestination | { readonly service: string; readonly servicePort?: string };
  /** Why does this pod get nothing? By uid. */
  readonly pod?: string;
}

interface WhyStore {
  /** A new object each time it is opened. */
  readonly open?: WhyPreset;
}

export const useWhy = create<WhyStore>(() => ({}));

/** Opens “Why here?” beside the map. */
export function openWhy(preset: WhyPreset = {}): void {
  useWhy.setState({ open: { ...preset } });
}

export function closeWhy(): void {
  useWhy.setState({ open: undefined });
  useView.setState({ trail: undefined });
}
