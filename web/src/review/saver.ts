// Saves a draft on every change: one call at a time, the newest draft last, again when the connection is back.
//
// A call without an answer may have been heard all the same: the server then has that draft under the next version. So
// the very same draft is sent again until it is answered (the same twice is kept once), and what changed meanwhile goes
// after it. Sent at once, it would be refused as if somebody else had changed the note.
import type { Draft } from "./editor";

export type Saving = "saved" | "saving" | "away" | "conflict";

/** What became of a call: the new version; nobody knows, the server is away; it was not taken; the note has changed. */
export type Sent = { version: number } | "away" | "refused" | "conflict";

interface Parts {
  send: (draft: Draft, version: number) => Promise<Sent>;
  keep: (draft: Draft, version: number, unanswered: Draft | null) => void;
  forget: () => void;
  tell: (saving: Saving) => void;
}

const SOON_MS = 400;
const AGAIN_MS = [1_000, 3_000, 10_000, 30_000];

export class Saver {
  private waiting: Draft | null = null;
  private unanswered: Draft | null = null;
  private running: Promise<boolean> | null = null;
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
    this.parts.keep(draft, this.version, this.unanswered);
    this.waiting = draft;
    this.parts.tell("saving");
    this.later(SOON_MS);
  }

  /** Sends now what waits. True when the server has everything. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    // What came after a draft that had no answer goes in the same breath: whoever submits waits for it.
    for (let more = true; more && this.waiting && !this.stopped; ) more = await (this.running ??= this.run());
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

  /** Sends one draft, and says whether it was one that had no answer before and has one now. */
  private async run(): Promise<boolean> {
    const draft = this.unanswered ?? this.waiting!;
    const again = this.unanswered !== null;
    this.unanswered = draft;
    this.parts.keep(this.waiting!, this.version, draft);
    const sent = await this.parts.send(draft, this.version);
    this.running = null;
    if (sent !== "away") this.unanswered = null;
    if (sent === "away" || sent === "refused") {
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
        this.parts.keep(this.waiting, this.version, null);
        this.later(SOON_MS);
      }
    }
    return again && sent !== "away";
  }
}
