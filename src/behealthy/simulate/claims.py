"""Whether the story came out: what each act must have brought about, held against the store.

A proof that cannot fail proves nothing: each claim is looked up where the system keeps the fact, or measured against
what is right, and none is taken from what the story says of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from behealthy.data import snapshot as snapshots
from behealthy.monitor import performance
from behealthy.monitor.windows import CALLED
from behealthy.note import Note
from behealthy.registry import releases
from behealthy.registry.bundle import load
from behealthy.simulate import timeline
from behealthy.simulate.clinic import Clinic, Event
from behealthy.simulate.sources import Cast
from behealthy.simulate.story import BROKEN, Played
from behealthy.simulate.timeline import Moment
from behealthy.store.tables import AlertRow, GoldRow, NoteRow, QuarantineRow, ReviewRow

Facts = dict[str, Any]

SOON = 3  # windows within which a source that is all new must be called
RECOVERED = 0.02  # of true F1; less is not worth a training


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that an act must bring about, and whether it did; ``says`` holds the numbers."""

    act: int
    says: str
    holds: bool

    def to_json(self) -> Facts:
        """Give the claim as plain values."""
        return {"act": self.act, "says": self.says, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Story:
    """What came out.

    Attributes
    ----------
    figures : dict
        ``f1_before``, ``f1_during``, ``f1_after`` (true F1, mean of the windows), ``f1_new_first``, ``f1_new_second``
        (of both models on the same notes: those of documents that neither has learned from, with intervals),
        ``windows_to_drift`` and ``hours_to_model`` (from when drift was called), None where it never came to that.
    prologue : tuple of Event
        What was done before the first window.
    trainings : tuple of dict
        Each training with its verdict and reasons.
    """

    says: str
    seed: int
    window: int
    moments: tuple[Moment, ...]
    prologue: tuple[Event, ...]
    claims: tuple[Claim, ...]
    figures: Facts
    trainings: tuple[Facts, ...]

    @property
    def came_out(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)

    def to_json(self) -> Facts:
        """Give the story as plain values: numbers, names of our own making and ids."""
        return {
            "says": self.says,
            "seed": self.seed,
            "window": self.window,
            "came_out": self.came_out,
            "figures": self.figures,
            "claims": [claim.to_json() for claim in self.claims],
            "prologue": [event.to_json() for event in self.prologue],
            "windows": [moment.to_json() for moment in self.moments],
            "trainings": list(self.trainings),
        }


def told(clinic: Clinic, cast: Cast, played: Played, seed: int) -> Story:
    """When called, it will look up what came of a story that was played, and judge it."""
    moments = tuple(timeline.of(clinic))
    first = moments[0].judged_at if moments else None
    with clinic.system.database.read() as session:
        held = _Evidence(clinic, cast, played, session, moments)
        claims, figures = tuple(held.claims()), held.figures()
    return Story(
        says=cast.says,
        seed=seed,
        window=clinic.system.settings.window_notes,
        moments=moments,
        prologue=tuple(e for e in clinic.events if first is None or e.at < first),
        claims=claims,
        figures=figures,
        trainings=tuple(clinic.trainings()),
    )


class _Evidence:
    """Everything that the claims rest on."""

    def __init__(self, clinic: Clinic, cast: Cast, played: Played, session: Session, moments: Sequence[Moment]) -> None:
        self._clinic, self._cast, self._played, self._session = clinic, cast, played, session
        self._before = [m for m in moments if set(m.sources) == {cast.usual}]
        others = [m for m in moments if set(m.sources) == {cast.other}]
        self._during = [m for m in others if m.version == played.first]
        self._after = [m for m in others if m.version == played.second != played.first]
        self._spoilt = [m for m in moments if BROKEN in m.sources]
        self._called = next((m for m in self._during if m.state in CALLED), None)
        self._new = self._on_new_documents()

    def figures(self) -> Facts:
        """When called, it will give the numbers of the story."""
        served = next((r for r in releases.history(self._session) if r.version == self._played.second), None)
        called = self._called
        hours = None if called is None or served is None else (served.at - called.judged_at) / timedelta(hours=1)
        return {
            "f1_before": _mean(m.true for m in self._before),
            "f1_during": _mean(m.true for m in self._during),
            "f1_after": _mean(m.true for m in self._after),
            "f1_new_first": self._new[0],
            "f1_new_second": self._new[1],
            "estimated_before": _mean(m.estimated for m in self._before),
            "estimated_after": _mean(m.estimated for m in self._after),
            "windows_to_drift": None if called is None else self._during.index(called) + 1,
            "hours_to_model": hours if self._after else None,
            "labels": self._count(ReviewRow.note_id, ReviewRow.why == "drift", ReviewRow.state == "submitted"),
            "trainings_until_promoted": self._trainings(),
        }

    def claims(self) -> Iterator[Claim]:
        """When called, it will give what must have come out, act by act."""
        yield from self._act_1()
        yield from self._act_2()
        yield from self._act_3()
        yield from self._act_4()
        yield from self._act_5()

    def _act_1(self) -> Iterator[Claim]:
        states = [m.state for m in self._before]
        alarms = self._alerts("drift", "performance", until=self._before[-1].judged_at) if self._before else 0
        calm = bool(states) and set(states) <= {"ok", "warning"} and not alarms
        yield Claim(1, f"{len(states)} windows of the usual notes: {_listed(states)}; {alarms} alerts", calm)

    def _act_2(self) -> Iterator[Claim]:
        states = [m.state for m in self._during]
        called, at = self._called, self.figures()["windows_to_drift"]
        yield Claim(2, f"the other source: {_listed(states)}; called in window {at}", at is not None and at <= SOON)
        keys = [f"{cause}:{self._played.first}" for cause in ("drift", "performance")]
        alarms = self._count(AlertRow.id, AlertRow.key.in_(keys))
        said = self._session.scalars(select(AlertRow.title).where(AlertRow.key.in_(keys))).all()
        yield Claim(2, f"alert: {_listed(said)}", called is not None and alarms > 0)
        drift = (ReviewRow.why == "drift", ReviewRow.model_version == self._played.first)
        drawn = self._count(ReviewRow.note_id, *drift)
        done = self._count(ReviewRow.note_id, *drift, ReviewRow.state == "submitted")
        yield Claim(2, f"{drawn} notes drawn for labels, {done} labelled", 0 < drawn == done)

    def _act_3(self) -> Iterator[Claim]:
        release = next((r for r in releases.history(self._session) if r.version == self._played.second), None)
        training = next((t for t in self._clinic.trainings() if release and t["id"] == release.training_id), None)
        verdict = None if training is None else training["verdict"]
        earned = release is not None and release.action == "promote" and verdict == "promote"
        yield Claim(3, f"the gate's verdict: {verdict}; {self._played.second} serves", earned)
        figures, (before, after) = self.figures(), self._new
        first, then = figures["f1_during"], figures["f1_after"]
        better = first is not None and then is not None and then >= first + RECOVERED
        yield Claim(3, f"true F1 on the other source: {_f1(first)}, then {_f1(then)}", better)
        better = before is not None and after is not None and after["value"] >= before["value"] + RECOVERED
        notes = 0 if after is None else after["notes"]
        says = f"on {notes} notes of documents that no model learned from: {_of(before)}, then {_of(after)}"
        yield Claim(3, says, better)
        states = [m.state for m in self._after]
        # Where too few notes came between change and release, the first window is what the next are held against.
        judged = [state for state in states if state != "insufficient"]
        calm = bool(judged) and not set(judged) & set(CALLED)
        yield Claim(3, f"what is normal was made anew: {_listed(states)}", calm)

    def _act_4(self) -> Iterator[Claim]:
        worse = self._played.worse
        served = releases.current(self._session)
        verdict, now = worse.get("verdict"), None if served is None else served.version
        refused = verdict == "keep" and now == self._played.second and now != worse.get("candidate")
        yield Claim(4, f"the worse candidate's verdict: {verdict}; {now} serves", refused)

    def _act_5(self) -> Iterator[Claim]:
        played = self._played
        sent, stored, known = played.again
        yield Claim(5, f"{sent} notes sent again: {stored} stored, {known} known", stored == 0 and sent == known > 0)
        there = self._count(QuarantineRow.id, QuarantineRow.source == BROKEN)
        filed = self._count(QuarantineRow.id, QuarantineRow.source == "inbox")
        whole = played.broken == played.held == there and filed > 0
        yield Claim(5, f"{played.broken} broken records, {there} held, and {filed} from files", whole)
        alarms = self._alerts("quarantine")
        yield Claim(5, f"{alarms} alerts of held records", alarms > 0)
        actions = [(m.action, m.drawn) for m in self._spoilt]
        stopped = bool(actions) and all(action == "hold" and not drawn for action, drawn in actions)
        yield Claim(
            5, f"a window of spoilt notes: {_listed([a for a, _ in actions])}, nothing drawn for labels", stopped
        )
        yield self._nothing_learned()

    def _nothing_learned(self) -> Claim:
        """Freeze the gold as it is now: nothing of the broken feed may be in it."""
        session, clinic = self._session, self._clinic
        bad = set(session.scalars(select(NoteRow.id).where(NoteRow.source.in_((BROKEN, "inbox")))))
        gold = self._count(GoldRow.id, GoldRow.note_id.in_(bad))
        taken = snapshots.take(clinic.system.database, clinic.system.vault, now=clinic.clock())
        with clinic.system.database.read() as reading:
            learned = sum(row.note_id in bad for row in snapshots.rows(reading, taken.id))
        begun = (
            sum(t["started_at"] >= self._spoilt[0].begins_at.isoformat() for t in clinic.trainings())
            if self._spoilt
            else 0
        )
        says = (
            f"of {len(bad)} notes of the broken feed {gold} became gold, {learned} are in a snapshot, {begun} trainings"
        )
        return Claim(5, says, bool(bad) and not gold and not learned and not begun)

    def _on_new_documents(self) -> tuple[Facts | None, Facts | None]:
        """Let the first and the second model read the same notes of the other source, of documents new to both."""
        learned = timeline.learned_from(self._clinic, self._session, self._played.second)
        documents = [d for d in self._cast.changed if d.patient_id not in learned]
        notes = [Note(d.note_id, d.text) for d in documents]
        if not (self._played.first and self._played.second):
            return None, None
        models, out = self._clinic.system.settings.models, []
        for version in (self._played.first, self._played.second):
            found = load(models / version, find_only=True).pipe(notes)
            counts = [performance.agreement(own, gold) for own, gold in zip(found, documents, strict=True)]
            figure = performance.measured(counts)
            out.append(None if figure is None else figure.to_json())
        return out[0], out[1]

    def _trainings(self) -> int | None:
        if not self._after:
            return None
        asked = [t for t in self._clinic.trainings() if t["trigger"] != "person"]
        return next((i for i, t in enumerate(asked, 1) if t["candidate"] == self._played.second), None)

    def _alerts(self, *kinds: str, until: datetime | None = None) -> int:
        where: list[ColumnElement[bool]] = [AlertRow.kind.in_(kinds)]
        where += [AlertRow.at <= until] if until is not None else []
        return self._count(AlertRow.id, *where)

    def _count(self, column: Any, *where: Any) -> int:
        return self._session.scalar(select(func.count(column)).where(*where)) or 0


def _mean(figures: Any) -> float | None:
    values = [figure["value"] for figure in figures if figure is not None]
    return fmean(values) if values else None


def _f1(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _of(figure: Facts | None) -> str:
    return "-" if figure is None else f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
