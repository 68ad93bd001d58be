"""What the watch has to say, for whoever looks: one sentence, the signals over the windows, the words that moved.

Read from what was judged; nothing is judged here. Words are counted when they are asked for, see `monitor.terms`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.data import sources
from behealthy.flows.system import System
from behealthy.monitor import terms, windows
from behealthy.monitor.windows import Reference
from behealthy.registry import releases
from behealthy.store.tables import PredictionRow, ReviewRow, WindowRow

Facts = dict[str, Any]

_NAMED = 3  # of what moved, in a sentence
_MOST = 2 / 3  # of a window's notes
_NAMES = {
    "length": "their length",
    "unknown_words": "words that the model never saw",
    "dictionary": "words of the dictionary",
    "sections": "their sections",
    "characters": "their characters",
    "unreadable": "text that no person wrote",
    "vocabulary": "their vocabulary",
    "assertions": "the status of what is found",
    "confidence": "how sure the model is",
}


def standing(system: System, limit: int = 50) -> Facts:
    """When called, it will say where the served version stands, and show what came before, oldest first.

    Sentence, state and decision are of the served version. ``windows`` and ``signals`` are of all, each window held
    against what was normal for its own: what led to a release is not forgotten with it.
    ``moved_terms`` are the words of the newest window that moved, where it did.
    """
    size = system.settings.window_notes
    with system.database.read() as session:
        release = releases.current(session)
        version = "" if release is None else release.version
        rows = windows.history(session, version, limit)[::-1]
        shown = windows.latest(session, limit)[::-1]
        reference = windows.get_reference(session, version)
        newest = rows[-1] if rows else None
        state = "insufficient" if newest is None else newest.state
        waiting = windows.waiting(session, version, size, None if release is None else release.since(system.now()))
        return {
            "state": state,
            "sentence": _sentence(session, rows, waiting, size),
            "version": version,
            "reference_notes": 0 if reference is None else len(reference.usual),
            "reference_origin": "" if reference is None else reference.origin,
            "waiting_notes": waiting,
            "windows": shown,
            "signals": signals_over(shown),
            "moved_terms": _moved_terms(session, system, newest, reference),
            "releases": [r.to_json() for r in releases.history(session, limit)],
            "decision": {} if newest is None else newest.decision,
        }


def moved_terms(system: System, window: int, limit: int = 20) -> list[Facts]:
    """When called, it will give the words that came or went in a window, with counts and nothing around them."""
    with system.database.read() as session:
        row = session.get(WindowRow, window)
        reference = None if row is None else windows.get_reference(session, row.model_version)
        return _terms(session, system, row, reference, limit)


def signals_over(rows: Sequence[WindowRow]) -> list[Facts]:
    """When called, it will turn windows, the oldest first, into signals with a point a window."""
    names = list(dict.fromkeys(name for row in reversed(rows) for name in row.signals))
    out = []
    for name in names:
        newest = next(row.signals[name] for row in reversed(rows) if name in row.signals)
        low, high = newest["band"]
        out.append(
            {
                "name": name,
                "group": newest["group"],
                "unit": newest["unit"],
                "reference": newest["reference"],
                # The nearer of two bounds, where both can be crossed; a distance has the upper alone.
                "threshold": low if newest["value"] < newest["reference"] and newest["low"] is not None else high,
                "band": [low, high],
                "points": [_point(row, name) for row in rows if name in row.signals],
            }
        )
    return out


def _point(row: WindowRow, name: str) -> Facts:
    signal = row.signals[name]
    return {"window": row.number} | {part: signal[part] for part in ("value", "low", "high", "moved")}


def _moved_terms(
    session: Session, system: System, newest: WindowRow | None, reference: Reference | None
) -> list[Facts]:
    return _terms(session, system, newest, reference) if newest is not None and newest.decision.get("moved") else []


def _terms(
    session: Session, system: System, row: WindowRow | None, reference: Reference | None, limit: int = 20
) -> list[Facts]:
    if row is None or reference is None:
        return []
    usual = [id_ for id_ in reference.recent_ids if id_ is not None]
    return [asdict(t) for t in terms.moved(session, system.vault, windows.note_ids(session, row), usual, limit)]


def _sentence(session: Session, rows: Sequence[WindowRow], waiting: int, size: int) -> str:
    """Say in one sentence what a person should know."""
    newest = rows[-1] if rows else None
    if newest is None or newest.state == "insufficient":
        return f"Too few notes to judge: {waiting} of {size} are in."
    moved = newest.decision.get("moved", [])
    changed = _listed([_NAMES.get(name, f"how much {name.partition(':')[2].lower()} is found") for name in moved])
    f1, whose = _f1(newest), _whose(session, newest)
    if newest.state == "ok":
        return f"The newest {newest.notes} notes are as the model knows them{f1}."
    if newest.state == "warning":
        return f"The newest {newest.notes} notes differ in {changed}{f1}; the next window tells whether it is chance."
    first = next((row for row in _run(rows)), newest)
    what = f"{whose} differ in {changed}" if changed else "the model reads worse than was promised"
    return f"Since {first.begins_at:%-d %B} {what}{f1}{_labels(session)}."


def _run(rows: Sequence[WindowRow]) -> list[WindowRow]:
    """Give the windows of the unbroken run of bad news that the newest ends, the oldest first."""
    out: list[WindowRow] = []
    for row in reversed(rows):
        if row.state in ("ok", "insufficient"):
            break
        out.insert(0, row)
    return out


def _f1(row: WindowRow) -> str:
    estimated, promised = row.performance.get("estimated"), row.performance.get("promised")
    if not estimated or not promised:
        return ""
    doubt = "" if row.performance.get("trusted") else ", which is not to be trusted among notes so unlike"
    return f"; estimated F1 {estimated['value']:.2f}, promised {promised['value']:.2f}{doubt}"


def _labels(session: Session) -> str:
    drawn = select(func.count(ReviewRow.note_id)).where(ReviewRow.why == "drift", ReviewRow.state != "submitted")
    number = session.scalar(drawn) or 0
    return f"; {number} notes wait to be labelled" if number else ""


def _whose(session: Session, row: WindowRow) -> str:
    """Name the source that most of a window's notes came from, where one did."""
    of_it = (PredictionRow.model_version == row.model_version, PredictionRow.number.between(row.first, row.last))
    notes = Counter(session.scalars(select(PredictionRow.source).where(*of_it)))
    source, most = notes.most_common(1)[0] if notes else ("", 0)
    return f"the notes of {source}" if most >= _MOST * notes.total() and source not in sources.WAYS_IN else "notes"


def _listed(names: Sequence[str]) -> str:
    """Name the first few; of how many more there are the charts tell."""
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
