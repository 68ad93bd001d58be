// The entities in reading order, each with how it was judged; the selected one opens.
import { memo, useEffect, useRef } from "react";
import { TypeName } from "../note/Legend";
import type { Points } from "../note/points";
import { relationName, relationOf, TREATMENT, type Entity, type Relation } from "../note/values";
import { because } from "../note/why";
import { Empty } from "../parts/Page";
import { Icon } from "../parts/Icon";
import { spoken } from "../parts/words";
import { links, unlink, type Editor, type Judgement } from "./editor";
import css from "./review.module.css";

interface Props {
  editor: Editor;
  change: (make: (editor: Editor) => Editor) => void;
  pick: (id: string | null) => void;
  blind: boolean;
}

export function EntityList({ editor, change, pick, blind }: Props) {
  const { draft, selected } = editor;
  const names = new Map(draft.entities.map((e) => [e.id, e.text]));
  const linked = Map.groupBy(links(draft), (r) => r.head);
  return (
    <div className={css.list} role="listbox" aria-label="entities" tabIndex={0} aria-activedescendant={selected ? `entity-${selected}` : undefined}>
      {draft.entities.length === 0 && (
        <Empty title={blind ? "Mark what you find." : "The model found nothing here."} icon="plus">
          Select words with the mouse and press <kbd>d</kbd> or <kbd>t</kbd>, or press <kbd>n</kbd> and type them. When nothing is to be found, submit.
        </Empty>
      )}
      {draft.entities.map((e) => (
        <Row key={e.id} entity={e} judged={draft.judged[e.id]} chosen={e.id === selected} targets={(linked.get(e.id) ?? []).map((r) => `${r.type === "TREATS" ? "→" : relationName(r.type)} ${names.get(r.tail)}`).join(", ")} pick={pick} relations={e.id === selected ? draft.relations : NONE} names={e.id === selected ? names : null} unlink={change} points={editor.points} />
      ))}
    </div>
  );
}

const NONE: Relation[] = [];

const SIGNS: Record<Judgement | "open", { sign: string; word: string }> = {
  open: { sign: "○", word: "not judged" },
  accepted: { sign: "✓", word: "accepted" },
  rejected: { sign: "✕", word: "rejected" },
  edited: { sign: "✎", word: "edited" },
  added: { sign: "+", word: "added" },
};

interface RowProps {
  entity: Entity;
  judged: Judgement | undefined;
  chosen: boolean;
  targets: string;
  relations: readonly Relation[];
  names: Map<string, string> | null;
  points: Points;
  pick: (id: string | null) => void;
  unlink: Props["change"];
}

const Row = memo(function Row({ entity, judged, chosen, targets, relations, names, points, pick, unlink: change }: RowProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const { sign, word } = SIGNS[judged ?? "open"];
  const code = entity.codes[0];
  return (
    <div ref={row} id={`entity-${entity.id}`} className={css.row} role="option" aria-selected={chosen} data-judged={judged ?? "open"} onClick={() => pick(entity.id)}>
      <span className={css.sign} title={word} aria-label={word}>{sign}</span>
      <span className={css.words}>{entity.text}</span>
      <span className={css.kind}><TypeName type={entity.type} /></span>
      {chosen ? (
        <Details entity={entity} points={points} relations={relations} names={names} change={change} />
      ) : (
        <span className={css.more}>{[entity.assertion !== "present" && entity.assertion, code?.code, targets].filter(Boolean).join(" · ")}</span>
      )}
    </div>
  );
}, sameRow);

function sameRow(a: RowProps, b: RowProps): boolean {
  return a.entity === b.entity && a.judged === b.judged && a.chosen === b.chosen && a.targets === b.targets && a.relations === b.relations;
}

function Details({ entity, points, relations, names, change }: { entity: Entity; points: Points; relations: readonly Relation[]; names: Map<string, string> | null; change: Props["change"] }) {
  const code = entity.codes[0];
  const own = relations.filter((r) => r.head === entity.id || r.tail === entity.id);
  // The cross of a link is for the mouse alone: a row of a list box holds nothing that could be focused, and l does the same.
  const attributes = Object.entries(entity.attributes);
  return (
    <dl className={css.details}>
      <dt>Status</dt><dd>{entity.assertion ?? "not judged"} <span className="muted">{because(entity, points)}</span></dd>
      <dt>Code</dt><dd>{code ? <><b className="numbers">{code.code}</b> {code.display}</> : <span className="muted">none: c chooses one</span>}</dd>
      {own.map((r) => {
        const treats = entity.type === TREATMENT;
        const other = names?.get(treats ? r.tail : r.head);
        return (
          <div key={`${r.type} ${r.head} ${r.tail}`} className={css.linked}>
            <dt>{treats ? relationName(r.type) : relationOf(r.type)}</dt>
            <dd>{other} <span className={css.away} aria-hidden="true" title="Take this link away, as linking the same again does" onClick={(e) => { e.stopPropagation(); change((editor) => unlink(editor, r)); }}><Icon name="close" size={12} /></span></dd>
          </div>
        );
      })}
      {attributes.length > 0 && <><dt>Given</dt><dd>{attributes.map(([, value]) => value).join(", ")}</dd></>}
      {entity.section && entity.section !== "start" && <><dt>Section</dt><dd>{spoken(entity.section)}</dd></>}
      {entity.score < 1 && <><dt>Sure</dt><dd className="numbers">{Math.round(entity.score * 100)} %</dd></>}
    </dl>
  );
}
