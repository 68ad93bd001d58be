// A note with its entities drawn in it. Words of notes are only ever React text: nothing of them is taken for HTML.
import { memo, useEffect, useMemo, useRef, type MouseEvent } from "react";
import type { Points } from "./points";
import { segments, type Segment } from "./segments";
import type { Span } from "./words";
import css from "./note.module.css";

export interface Mark extends Span {
  id: string;
  type: string;
  assertion: string | null;
  /** How it stands in a review: rejected ones are drawn as plain text, the target of a link is ringed. */
  look?: "rejected" | "target" | "judged" | undefined;
}

interface Props {
  points: Points;
  marks: readonly Mark[];
  /** Words that are underlaid while something is looked at: those that gave it its status. */
  cues?: readonly Span[] | undefined;
  selected: string | null;
  /** What is brought into view; by default what is selected. */
  inView?: string | null;
  onPick?: (id: string | null) => void;
  onHover?: (id: string | null) => void;
  onSelectText?: (span: Span | null) => void;
  label: string;
}

export const NoteText = memo(function NoteText({ points, marks, cues = NONE, selected, inView = selected, onPick, onHover, onSelectText, label }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const underlaid = cues.length ? cues : NONE; // one empty list, so that nothing is cut anew for another
  const pieces = useMemo(() => segments<Mark | Cue>(points.length, [...marks, ...underlaid.map(cueOf)]), [points, marks, underlaid]);

  useEffect(() => {
    if (inView) body.current?.querySelector(`[data-ids~="${CSS.escape(inView)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [inView]);

  const over = (event: MouseEvent) => (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id ?? null;
  const picked = (event: MouseEvent) => {
    const span = body.current && selectedSpan(body.current, points);
    if (span) onSelectText?.(span);
    else onPick?.(over(event));
  };
  return (
    <div ref={body} className={css.note} role="document" aria-label={label} onMouseUp={picked} onMouseOver={onHover && ((e) => onHover(over(e)))} onMouseLeave={onHover && (() => onHover(null))}>
      {pieces.map((piece) => {
        const covers = piece.covers.filter((each): each is Mark => !("cue" in each));
        const cue = covers.length < piece.covers.length;
        const text = points.slice(piece.start, piece.end);
        if (!covers.length) return <Plain key={piece.start} start={piece.start} text={text} cue={cue} />;
        const chosen = covers.some((mark) => mark.id === selected);
        return <Piece key={piece.start} text={text} cue={cue} {...looks({ ...piece, covers }, chosen)} />;
      })}
    </div>
  );
});

const NONE: readonly Span[] = [];

interface Cue extends Span {
  cue: true;
}

const cueOf = ({ start, end }: Span): Cue => ({ start, end, cue: true });

interface Look {
  start: number;
  id: string;
  ids: string;
  kind: string;
  status: string | undefined;
  look: string | undefined;
  chosen: boolean;
  depth: number;
  ends: boolean;
}

function looks(piece: Segment<Mark>, chosen: boolean): Look {
  const kept = piece.covers.filter((mark) => mark.look !== "rejected");
  const top = kept.at(-1) ?? piece.covers.at(-1)!;
  return {
    start: piece.start,
    id: top.id,
    ids: piece.covers.map((mark) => mark.id).join(" "),
    kind: top.type === "DISEASE" ? "disease" : top.type === "TREATMENT" ? "treatment" : "other",
    status: top.assertion && top.assertion !== "present" ? top.assertion : undefined,
    look: top.look,
    chosen,
    depth: kept.length,
    ends: piece.end === top.end,
  };
}

const Plain = memo(function Plain({ start, text, cue }: { start: number; text: string; cue: boolean }) {
  return <span className={css.plain} data-start={start} data-cue={cue || undefined}>{text}</span>;
});

const Piece = memo(function Piece({ text, start, id, ids, kind, status, look, chosen, depth, ends, cue }: Look & { text: string; cue: boolean }) {
  return (
    <mark className={css.mark} data-start={start} data-id={id} data-ids={ids} data-kind={kind} data-status={status} data-look={look} data-chosen={chosen || undefined} data-depth={depth > 1 ? depth : undefined} data-ends={ends || undefined} data-cue={cue || undefined}>
      {text}
    </mark>
  );
});

/** What is selected inside the note, in code points; null where nothing is. */
export function selectedSpan(body: HTMLElement, points: Points): Span | null {
  const selection = window.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  if (!body.contains(range.startContainer) || !body.contains(range.endContainer)) return null;
  const start = pointAt(body, points, range.startContainer, range.startOffset);
  const end = pointAt(body, points, range.endContainer, range.endOffset);
  return start < end ? { start, end } : null;
}

function pointAt(body: HTMLElement, points: Points, node: Node, offset: number): number {
  if (node instanceof Text) {
    const piece = node.parentElement?.closest<HTMLElement>("[data-start]");
    return piece ? points.point(points.unit(Number(piece.dataset.start)) + offset) : 0;
  }
  // Between elements: the beginning of the piece that follows.
  const next = node === body ? body.children[offset] : (node as Element).closest("[data-start]");
  return next instanceof HTMLElement ? Number(next.dataset.start) : points.length;
}
