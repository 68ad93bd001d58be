// Sentences of our own in which the two models find different things: what a difference of figures means in words.
import { useMemo } from "react";
import { Legend } from "../note/Legend";
import { NoteText } from "../note/NoteText";
import { Points } from "../note/points";
import type { Wire } from "../api/client";
import { Card, Empty } from "../parts/Page";
import { State } from "../parts/State";
import { capital, plural } from "../parts/words";
import css from "./models.module.css";

type Changed = Wire["ChangedSentence"];

export function Sentences({ sentences }: { sentences: readonly Changed[] }) {
  return (
    <Card
      title={sentences.length ? `${capital(plural(sentences.length, "sentence"))} of our own test notes changed` : "Sentences of our own test notes"}
      about="Written for this, nobody's: the cases of the behavioural suite, and the lines of some notes. No word of a patient is shown here."
      actions={sentences.length > 0 && <Legend types />}
      flush
    >
      {sentences.length ? (
        <ol className={css.sentences}>{sentences.map((each) => <Sentence key={`${each.where} ${each.text}`} changed={each} />)}</ol>
      ) : (
        <Empty title="Both find the same in every one of them." icon="ok" />
      )}
    </Card>
  );
}

function Sentence({ changed }: { changed: Changed }) {
  return (
    <li>
      <div className={css.where}>{capital(changed.where)}</div>
      <Side name="Left" changed={changed} found={changed.left} holds={changed.left_holds} />
      <Side name="Right" changed={changed} found={changed.right} holds={changed.right_holds} />
    </li>
  );
}

function Side({ name, changed, found, holds }: { name: string; changed: Changed; found: Changed["left"]; holds: boolean | null }) {
  const points = useMemo(() => new Points(changed.text), [changed.text]);
  const marks = useMemo(() => found.map((span) => ({ ...span, id: `${span.start}-${span.end}`, assertion: null })), [found]);
  return (
    <div className={css.reading}>
      <span className="muted">{name}</span>
      <NoteText label={`what the ${name.toLowerCase()} one finds`} points={points} marks={marks} selected={null} />
      {holds !== null && <State state={holds ? "passed" : "failed"} word={holds ? "as asked" : "not as asked"} />}
    </div>
  );
}
