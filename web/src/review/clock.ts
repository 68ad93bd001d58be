// Active time: seconds in which somebody worked. Thirty seconds without a key or a move of the mouse stop the clock.

export const IDLE_S = 30;

export class ActiveClock {
  private active_ms = 0;
  private last: number | null = null;

  /** Something was done; times are in milliseconds and only ever grow. */
  touch(now: number): void {
    if (this.last !== null) this.active_ms += Math.min(Math.max(now - this.last, 0), IDLE_S * 1000);
    this.last = now;
  }

  /** The page was hidden: what follows until the next touch does not count. */
  pause(now: number): void {
    this.touch(now);
    this.last = null;
  }

  /** Active seconds up to now. */
  seconds(now: number): number {
    const running = this.last === null ? 0 : Math.min(Math.max(now - this.last, 0), IDLE_S * 1000);
    return (this.active_ms + running) / 1000;
  }

  idle(now: number): boolean {
    return this.last === null || now - this.last >= IDLE_S * 1000;
  }
}
