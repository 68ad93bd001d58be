// The card of an entity beside its words: how sure, what status, which codes, what it is linked to.
import { useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { spoken, capital } from "../parts/words";
import { TypeName } from "./Legend";
import type { Points } from "./points";
import { relationName, relationOf, TREATMENT, type Entity, type Relation } from "./values";
import { because } from "./why";
import css from "./note.module.css";

interface Props {
  points: Points;
  entity: Entity;
  entities: readonly Entity[];
  relations: readonly Relation[];
}

const GAP = 8;

export function EntityCard({ points, entity, entities, relations }: Props) {
  const card = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  useLayoutEffect(() => {
    const mark = document.querySelector(`[data-id="${CSS.escape(entity.id)}"]`)?.getBoundingClientRect();
    const size = card.current?.getBoundingClientRect();
    if (!mark || !size) return setPlace(null);
    const below = mark.bottom + GAP;
    const fits = below + size.height < window.innerHeight - GAP;
    setPlace({
      left: Math.max(GAP, Math.min(mark.left, window.innerWidth - size.width - GAP)),
      top: fits ? below : Math.max(GAP, mark.top - size.height - GAP),
    });
  }, [entity]);
  return createPortal(
      <div ref={card} className={css.card} style={place ?? { left: 0, top: 0, visibility: "hidden" }} role="status">
        <div className={css.cardHead}>
          <strong>{entity.text}</strong>
          <TypeName type={entity.type} />
        </div>
        <Score value={entity.score} />
        <div>
          <b className={css.status}>{entity.assertion ?? "status not judged"}</b> <span className="muted">{because(entity, points)}</span>
        </div>
        {entity.section && entity.section !== "start" && <div><span className="muted">Section</span> {spoken(entity.section)}</div>}
        {Object.entries(entity.attributes).map(([name, value]) => (
          <div key={name}><span className="muted">{capital(spoken(name))}</span> {value}</div>
        ))}
        {entity.codes.length > 0 && (
          <ul className={css.codes}>
            {entity.codes.slice(0, 4).map((code) => (
              <li key={`${code.system} ${code.code}`}>
                <b className="numbers">{code.code}</b>
                <span title={code.display}>{code.display}</span>
                <i className="numbers muted">{Math.round(code.score * 100)} %</i>
              </li>
            ))}
          </ul>
        )}
        <Links points={points} entity={entity} entities={entities} relations={relations} />
      </div>,
    document.body,
  );
}

function Score({ value }: { value: number }) {
  const percent = Math.round(value * 100);
  return (
    <div>
      <div className={css.bar}><i style={{ width: `${percent}%` }} /></div>
      <span className="muted numbers">{percent} % sure of type and boundaries</span>
    </div>
  );
}

function Links({ entity, entities, relations }: Props) {
  const treats = entity.type === TREATMENT;
  const linked = relations.flatMap((r) => {
    const other = entities.find((e) => e.id === (r.head === entity.id ? r.tail : r.tail === entity.id ? r.head : null));
    return other ? [{ other, r }] : [];
  });
  if (!linked.length) return null;
  return (
    <div>
      {linked.map(({ other, r }) => (
        <div key={`${r.type} ${other.id}`}>
          <span className="muted">{treats ? relationName(r.type) : relationOf(r.type)}</span> {other.text}
        </div>
      ))}
    </div>
  );
}
