"""Two bundles read the same notes: what the gate, the dossier and whoever compares models rest on.

Notes that either has learned from are left out, since they would flatter it. This module refuses to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from behealthy.data.lineage import seen
from behealthy.learn import behaviour
from behealthy.learn.calibrate import Calibration
from behealthy.learn.evaluate import evaluate
from behealthy.learn.evidence import Side, marks, timed
from behealthy.learn.sentences import Change, changes
from behealthy.note import Extraction, Note
from behealthy.registry.bundle import Model, load, load_model

_TIMED = 100  # notes; more would only take longer


@dataclass(frozen=True, slots=True)
class Contest:
    """Both sides, and their figures as `learn.evaluate.Report.to_json` gives them.

    Attributes
    ----------
    left_out : int
        Notes that one of them had learned from.
    changes : tuple of Change
        Sentences of our own in which they find different things.
    """

    first: Side
    second: Side
    figures: tuple[Mapping[str, Any], Mapping[str, Any]]
    left_out: int
    changes: tuple[Change, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the contest as plain values, for a file: ids and numbers, no words but our own."""
        sides = [self.first.to_json(), self.second.to_json()]
        own = [change.to_json() for change in self.changes]
        return {"sides": sides, "figures": list(self.figures), "left_out": self.left_out, "changes": own}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Contest:
        """When called, it will read what `to_json` gave."""
        first, second = (Side.from_json(side) for side in data["sides"])
        changed = tuple(map(Change.from_json, data.get("changes", ())))
        return cls(first, second, (data["figures"][0], data["figures"][1]), data["left_out"], changed)


def contest(
    first: Path,
    second: Path,
    documents: Sequence[Extraction],
    *,
    sources: Mapping[str, str],
    recent: AbstractSet[str] = frozenset(),
) -> Contest:
    """When called, it will let two bundles read what people have marked.

    Parameters
    ----------
    documents : sequence of Extraction
        Gold; the types that the first bundle finds count.
    sources : mapping of str to str
        By note id.
    recent : set of str
        Ids of the notes that were marked since the first one learned.

    Raises
    ------
    BundleError
    """
    models = (load_model(first), load_model(second))
    unseen = [d for d in documents if not any(seen(model.facts, [d]) for model in models)]
    types = _types(models[0])
    gold = [replace(d, entities=tuple(e for e in d.entities if e.type in types), relations=()) for d in unseen]
    notes = [Note(d.note_id, d.text, d.patient_id) for d in gold]
    readers = [load(path) for path in (first, second)]
    found = [list(reader.pipe(notes)) for reader in readers]
    seconds = timed(readers, notes[:_TIMED])
    sides, figures = [], []
    where = [sources.get(d.note_id, "") for d in gold]
    keep = [d.note_id in recent for d in gold]
    for model, reader, predicted, own in zip(models, readers, found, seconds, strict=True):
        counted = marks(gold, predicted, where, types, Calibration.from_json(model.facts.get("calibration")))
        only = [replace(p, entities=tuple(e for e in p.entities if e.type in types), relations=()) for p in predicted]
        figures.append(evaluate(gold, only, types=types).to_json())
        sides.append(
            Side(
                version=model.version,
                test=counted,
                recent=counted.only(keep),
                suite=behaviour.run(reader, types),
                p95_s=float(np.quantile(own, 0.95)) if len(own) else 0.0,
                notes_per_s=float(len(own) / own.sum()) if len(own) else 0.0,
                size_bytes=sum(file.stat().st_size for file in model.path.iterdir()),
                signature=tuple(sorted(_types(model))),
            )
        )
    changed = changes(readers[0], readers[1], types)
    return Contest(sides[0], sides[1], (figures[0], figures[1]), len(documents) - len(gold), changed)


def _types(model: Model) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for head in model.weights.heads for kind in head.types))
