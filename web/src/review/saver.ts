// Saves a draft on every change: one call at a time, the newest draft last, again when the connection is back.
import type { Draft } from "./editor";

export type Saving = "saved" | "saving" | "away" | "conflict";

/** What became of a call: the new version, that the server is away, or that the note has changed meanwhile. */
export type Sent = { version: number } | "away" | "conflict";

interface Parts {
  send: (draft: Draft, version: number) => Promise<Sent>;
  keep: (draft: Draft, version: number) => void;
  forget: () => void;
  tell: (saving: Saving) => void;
}

const SOON_MS = 400;
const AGAIN_MS = [1_000, 3_000, 10_000, 30_000];

export class Saver {
  private waiting: Draft | null = null;
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private stopped = false;

  constructor(
    private readonly parts: Parts,
    private version: number,
  ) {}

  /** The version that the server has, as far as is known. */
  get seen(): number {
    return this.version;
  }

  /** Keeps a changed draft here at once, and sends it soon. */
  change(draft: Draft): void {
    this.parts.keep(draft, this.version);
    this.waiting = draft;
    this.parts.tell("saving");
    this.later(SOON_MS);
  }

  /** Sends now what waits. True when the server has everything. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (this.waiting && !this.stopped) await (this.running ??= this.run());
    return this.waiting === null;
  }

  /** Ends: nothing more is sent. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private later(wait_ms: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => void this.flush(), wait_ms);
  }

  private async run(): Promise<void> {
    const draft = this.waiting!;
    const sent = await this.parts.send(draft, this.version);
    this.running = null;
    if (sent === "away") {
      this.parts.tell("away");
      this.later(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]!);
    } else if (sent === "conflict") {
      this.parts.tell("conflict");
      this.stop();
    } else {
      this.tries = 0;
      this.version = sent.version;
      if (this.waiting === draft) {
        this.waiting = null;
        this.parts.forget();
        this.parts.tell("saved");
      } else if (this.waiting) {
        this.parts.keep(this.waiting, this.version);
        this.later(SOON_MS);
      }
    }
  }
}
