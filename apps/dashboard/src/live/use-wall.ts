import { useEffect } from 'react';
import { tourOf } from '../city/tour.ts';
import { useCity } from './city-store.ts';
import { useOnStage } from './on-stage.ts';
import { useRewind } from './rewind.ts';
import { setWall, useView } from './view-store.ts';

/** Takes the whole screen where the browser permits; whoever leaves that leaves the wall. */
export function useFullScreen(): void {
  useEffect(() => {
    const left = () => document.fullscreenElement ?? setWall(false);
    document.documentElement.requestFullscreen?.().then(
      () => document.addEventListener('fullscreenchange', left),
      () => {
        // Permitted to a key or a click only: a wall that was opened by its address stays in its window.
      },
    );
    return () => {
      document.removeEventListener('fullscreenchange', left);
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, []);
}

/** Keeps the screen awake where the browser can. It lets go whenever the page is hidden, and is asked again. */
export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let over = false;
    const keep = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      try {
        lock = await navigator.wakeLock.request('screen');
        if (over) await lock.release();
      } catch {
        // Refused, for instance on a low battery: the screen then sleeps as it is set to.
        lock = undefined;
      }
    };
    void keep();
    document.addEventListener('visibilitychange', keep);
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', keep);
      void lock?.release();
    };
  }, []);
}

/** How often a wall that hears nothing looks whether the dashboard is back, and since when it hears nothing. */
const LOOK = 15_000;
const SILENT = 60_000;

/** Nobody stands by to reload: a page that is too old, or has heard nothing for long, loads itself anew once the hub answers. */
export function useRevival(): void {
  useEffect(() => {
    const timer = setInterval(async () => {
      const { link, heardAt } = useCity.getState();
      if (link !== 'foreign' && performance.now() - heardAt < SILENT) return;
      const there = await fetch('/livez', { cache: 'no-store' }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (there) window.location.reload();
    }, LOOK);
    return () => clearInterval(timer);
  }, []);
}

/** Untouched for so long, the wall begins to look around, and stays so long at each stop. */
const UNTOUCHED = 45_000;
const STAY = 12_000;
const TOUCHES = ['pointermove', 'pointerdown', 'wheel', 'keydown'] as const;

/** Tours the districts while nobody touches the map, from the whole and back to it. Not for who asked for less motion. */
export function useTour(still: boolean): void {
  useEffect(() => {
    if (still) return;
    let touched = performance.now();
    let stop = 0;
    const touch = () => {
      touched = performance.now();
      stop = 0;
    };
    for (const event of TOUCHES) window.addEventListener(event, touch);
    const timer = setInterval(() => {
      const { view } = useView.getState();
      const past = useRewind.getState().wanted !== undefined;
      if (performance.now() - touched < UNTOUCHED || view === 'directory' || document.hidden || past) return;
      const stops = tourOf(useCity.getState().survey, view);
      const to = stops[stop];
      if (to) useView.setState({ flight: { to } });
      else useOnStage.getState().stage?.fit();
      stop = to ? stop + 1 : 0;
    }, STAY);
    return () => {
      clearInterval(timer);
      for (const event of TOUCHES) window.removeEventListener(event, touch);
    };
  }, [still]);
}
