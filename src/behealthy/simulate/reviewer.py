"""A person who reviews: knows what is right, and makes mistakes as people do.

They work through the queue by its own face, as the web app does: claim, judge each suggestion, submit. What they take
is what must be reviewed, the audit sample and notes that were drawn for labels; the doubtful rest waits for days with
more time. A note that is no text they put off. Mistakes and times are drawn by seed and note, so that they are the same
whatever was reviewed before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from sqlalchemy import select

from behealthy.flows.system import System
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction
from behealthy.review import agreement, queue
from behealthy.review.rows import PUT_OFF, Review
from behealthy.simulate.clock import VirtualClock
from behealthy.store.tables import ReviewRow

_MUST = ("sent", "drift", "audit")
_UNREADABLE = "\ufffd"
_OTHER = {DISEASE: TREATMENT, TREATMENT: DISEASE}


@dataclass(frozen=True, slots=True)
class Habits:
    """How a person works.

    Attributes
    ----------
    drops, slips, mixes : float
        Shares of entities that they overlook, mark with a boundary that is off by a word, or give the other type.
    note_s, entity_s : float
        Seconds for a note, and for each entity in it; medians of a log-normal distribution.
    spread : float
        Of its logarithm.
    """

    drops: float = 0.04
    slips: float = 0.04
    mixes: float = 0.01
    note_s: float = 18.0
    entity_s: float = 9.0
    spread: float = 0.4


@dataclass(slots=True)
class Worked:
    """What was done in a stretch of work."""

    notes: int = 0
    drawn: int = 0
    put_off: int = 0
    active_s: float = 0.0


class Reviewer:
    """One person at the queue.

    Parameters
    ----------
    truth : mapping of str to Extraction
        What is right, by the store's id of the note.
    """

    def __init__(
        self,
        system: System,
        clock: VirtualClock,
        truth: Mapping[str, Extraction],
        seed: int,
        habits: Habits | None = None,
        name: str = "ann",
    ) -> None:
        self.name = name
        self._system, self._clock, self._truth, self._seed = system, clock, truth, seed
        self._habits = habits or Habits()

    def annotated(self, document: Extraction) -> Extraction:
        """When called, it will give a document as this person would have marked it."""
        found = self._found(document, Random(f"{self._seed}:{document.note_id}"))
        return replace(document, entities=tuple(replace(e, id=f"own{i}") for i, e in enumerate(found, 1)), relations=())

    def work(self, seconds: float) -> Worked:
        """When called, it will review until the time is used up or nothing that must be reviewed waits."""
        out = Worked()
        while out.active_s < seconds:
            review = self._next()
            if review is None:
                break
            if _UNREADABLE in review.text:
                with self._system.database.write() as session:
                    queue.skip(session, review.note_id, self.name)
                out.put_off += 1
                continue
            out.active_s += self._review(review)
            out.notes += 1
            out.drawn += review.why == "drift"
        return out

    def one(self, why: str) -> bool:
        """When called, it will review the first note that waits for a reason, and say whether there was one."""
        first = select(ReviewRow.note_id).where(ReviewRow.state == "open", ReviewRow.why == why)
        system = self._system
        with system.database.write() as session:
            note_id = session.scalar(first.order_by(ReviewRow.priority.desc(), ReviewRow.note_id).limit(1))
            if note_id is None:
                return False
            review = queue.claim(session, system.vault, note_id, self.name, self._clock())
        self._review(review)
        return True

    def _next(self) -> Review | None:
        system = self._system
        with system.database.write() as session:
            first = queue.page(session, "open", limit=1).rows
            if not first or first[0].turn == PUT_OFF or first[0].why not in _MUST:
                return None
            return queue.claim_next(session, system.vault, self.name, self._clock())

    def _review(self, review: Review) -> float:
        truth = self._truth[review.note_id]
        rng = Random(f"{self._seed}:{truth.note_id}")
        found = self._found(truth, rng)
        entities, judged = _judged(found, review.suggestion)
        habits = self._habits
        active = (habits.note_s + habits.entity_s * len(found)) * rng.lognormvariate(0.0, habits.spread)
        self._clock.forward(seconds=active)
        gold = Extraction(review.note_id, truth.text, tuple(entities))
        system = self._system
        with system.database.write() as session:
            where = (session, system.vault, review.note_id, self.name, review.version)
            queue.submit(*where, gold, judged, active, self._clock())
        return active

    def _found(self, truth: Extraction, rng: Random) -> list[Entity]:
        """Give what the person finds: what is there, with their mistakes."""
        out: dict[tuple[int, int, str], Entity] = {}
        for entity in truth.entities:
            drop, slip, mix, side = (rng.random() for _ in range(4))
            if drop < self._habits.drops:
                continue
            if slip < self._habits.slips:
                entity = _slipped(truth.text, entity, at_start=side < 0.5)
            if mix < self._habits.mixes:
                entity = replace(entity, type=_OTHER.get(entity.type, entity.type))
            out.setdefault((entity.start, entity.end, entity.type), entity)
        return list(out.values())


def _slipped(text: str, entity: Entity, *, at_start: bool) -> Entity:
    """Take the first or last word off, or the next one in where there is only one."""
    words = entity.text.split()
    start, end = entity.start, entity.end
    if len(words) > 1:
        start = start + entity.text.index(words[1], len(words[0])) if at_start else start
        end = end if at_start else end - (len(entity.text) - entity.text.rindex(words[-2]) - len(words[-2]))
    else:
        after = text[end:].split()
        end = end if not after else text.index(after[0], end) + len(after[0])
    return replace(entity, start=start, end=end, text=text[start:end])


def _judged(found: list[Entity], suggestion: Extraction | None) -> tuple[list[Entity], dict[str, str]]:
    """Give what was found under the suggestions' ids, and the judgement of each; a blind review judges nothing."""
    suggested = [] if suggestion is None else list(suggestion.entities)
    pairs = {id(b): a for a, b in agreement.paired(suggested, found)}
    judged = {entity.id: "rejected" for entity in suggested}
    out = []
    for number, entity in enumerate(found, 1):
        shown = pairs.get(id(entity))
        if shown is None:
            name, said = f"own{number}", "added"
        else:
            same = (shown.start, shown.end, shown.type) == (entity.start, entity.end, entity.type)
            name, said = shown.id, "accepted" if same else "edited"
            # What nobody marked in the corpus is left as it is suggested.
            entity = replace(entity, assertion=entity.assertion or shown.assertion, codes=shown.codes)
        judged[name] = said
        out.append(replace(entity, id=name, score=1.0))
    return out, {} if suggestion is None else judged
