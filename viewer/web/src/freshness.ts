/** Are the values on the screen current? Told from when frames came. */
import { FRESH } from "./palette";

export class Freshness {
  private last: number | null = null;
  private lost: number | null = null;
  private began = performance.now();
  private gaps: number[] = [];

  frameCame(): void {
    const now = performance.now();
    if (this.last !== null) this.gaps = [...this.gaps.slice(-19), now - this.last];
    this.last = now;
  }

  message(connected: boolean, paused: boolean): { text: string; status: string } | null {
    const now = performance.now();
    const age = (now - (this.last ?? this.began)) / 1000;
    if (!connected) {
      if (this.last === null) return { text: "connecting...", status: "stale" };
      this.lost ??= now;
      const since = `no connection since ${((now - this.lost) / 1000).toFixed(0)} s`;
      return { text: `${since} - values are ${age.toFixed(0)} s old, trying again`, status: "limit" };
    }
    this.lost = null;
    if (this.last === null) return age > 1 ? { text: "waiting for the first values", status: "stale" } : null;
    const usual = [...this.gaps].sort((a, b) => a - b)[this.gaps.length >> 1] ?? 0;
    if (!paused && age > Math.max(FRESH.least, (FRESH.intervals * usual) / 1000))
      return { text: `stale - no new values for ${age.toFixed(0)} s`, status: "stale" };
    return null;
  }
}
