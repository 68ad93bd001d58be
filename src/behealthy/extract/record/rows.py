"""The record of a patient: each disease once, with its status, its code, and what is done about it.

A disease that is mentioned again is the same when its code is, or its name. What the record says of it is what its
most telling mention says; a relative's disease is a row of its own. Nothing is thrown away: every mention stands as
evidence, and a treatment that no disease explains has a row without one.

This module refuses to judge, code or link; it only arranges what was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeVar

from behealthy.extract.lexicon import normalised
from behealthy.note import DISEASE, TREATMENT, Assertion, Code, Entity, Extraction

# From most to least telling. A warning what to return for says less of a patient than that it is not there.
_TELLING: tuple[Assertion | None, ...] = (
    "present", None, "possible", "historical", "negated", "hypothetical", "family",
)  # fmt: skip
_RANK = {status: rank for rank, status in enumerate(_TELLING)}
_LINKS = {None: "", "TREATS": "", "PREVENTS": "prevents", "CAUSES": "causes"}
_SYSTEMS = ("ICD-10-CM", "DrugBank", "MeSH")  # which code stands for an entity, where it has several
_SURE = 0.9  # score of a code from which on it says that two names are of one thing
AROUND = 40  # code points of a quotation on either side

_Key = tuple[str, str]
_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Mention:
    """Where something is said: the evidence for a row."""

    extraction: Extraction
    entity: Entity
    code: Code | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", best_code(self.entity))

    def quote(self, around: int = AROUND) -> str:
        """When called, it will give the mention with so many code points of words on either side, on one line."""
        return quoted(self.extraction.text, self.entity.start, self.entity.end, around)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done about the disease of a row, or what it comes from.

    Attributes
    ----------
    relation : str or None
        ``TREATS``, ``PREVENTS`` or ``CAUSES``; None where no disease is named.
    score : float
        Of the relation; of the mention where there is none.
    """

    name: str
    status: Assertion | None
    code: Code | None
    attributes: Mapping[str, str]
    relation: str | None
    score: float
    mention: Mention

    @property
    def dose(self) -> str:
        """Dose, route and frequency in one phrase, empty where the note gives none."""
        return " ".join(self.attributes[name] for name in ("dose", "route", "frequency") if self.attributes.get(name))

    @property
    def remark(self) -> str:
        """What must be said beside the name: a status other than present, a link that is not to treat; mostly empty."""
        status = "" if self.status in (None, "present") else str(self.status)
        return ", ".join(filter(None, (status, _LINKS.get(self.relation, str(self.relation).lower()))))


@dataclass(frozen=True, slots=True)
class Row:
    """A disease of a patient; or, with an empty ``disease``, treatments whose disease the notes do not name."""

    patient_id: str
    disease: str
    status: Assertion | None
    code: Code | None
    treatments: tuple[Treatment, ...]
    mentions: tuple[Mention, ...]


@dataclass(slots=True)
class _Draft:
    mentions: list[Mention] = field(default_factory=list)
    treatments: dict[tuple[_Key, str], Treatment] = field(default_factory=dict)


def rows(extractions: Iterable[Extraction]) -> list[Row]:
    """When called, it will give the records of all patients, a patient's rows together, in order of first appearance.

    A note whose patient nobody named is a patient of its own. Rows of one patient are ordered by status, then by
    place; entities of other types than ours are left out.

    Examples
    --------
    >>> from behealthy.note import Relation, entity_at
    >>> text = "HTN: lisinopril. No gout."
    >>> found = [
    ...     entity_at(text, 0, 3, "DISEASE", id="d", assertion="present"),
    ...     entity_at(text, 5, 15, "TREATMENT", id="t", assertion="present", attributes={"dose": "5 mg"}),
    ...     entity_at(text, 20, 24, "DISEASE", id="g", assertion="negated"),
    ... ]
    >>> record = rows([Extraction("n", text, tuple(found), (Relation("TREATS", "t", "d"),))])
    >>> [(r.disease, r.status, [(t.name, t.dose) for t in r.treatments]) for r in record]
    [('HTN', 'present', [('lisinopril', '5 mg')]), ('gout', 'negated', [])]
    """
    by_patient: dict[str, list[Extraction]] = {}
    for extraction in extractions:
        owner = extraction.note_id if extraction.patient_id is None else extraction.patient_id
        by_patient.setdefault(owner, []).append(extraction)
    return [row for patient, own in by_patient.items() for row in _record(patient, own)]


def quoted(text: str, start: int, end: int, around: int = AROUND) -> str:
    """When called, it will give a span with some words on either side, on one line, whole words only.

    Examples
    --------
    >>> quoted("She was seen at home, without any fever or chills since Monday.", 34, 39, around=12)
    '… without any fever or chills …'
    """
    first, last = max(0, start - around), min(len(text), end + around)
    before, after = text[first:start], text[end:last]
    if first:
        before = "… " + (before.partition(" ")[2] if not text[first - 1].isspace() else before)
    if last < len(text):
        after = (after.rpartition(" ")[0] if not text[last].isspace() else after) + " …"
    return " ".join((before + text[start:end] + after).split())


def best_code(entity: Entity) -> Code | None:
    """When called, it will give the code that stands for an entity: the first one of the first system that has any."""
    return next((code for system in _SYSTEMS for code in entity.codes if code.system == system), None)


def _record(patient_id: str, extractions: Sequence[Extraction]) -> list[Row]:
    diseases: dict[_Key, _Draft] = {}
    alone: dict[_Key, Treatment] = {}
    linked: set[_Key] = set()
    for extraction in extractions:
        by_id = {e.id or f"e{i}": Mention(extraction, e) for i, e in enumerate(extraction.entities, 1)}
        keys = {name: _key(mention) for name, mention in by_id.items()}
        for name, mention in by_id.items():
            if mention.entity.type == DISEASE:
                diseases.setdefault(keys[name], _Draft()).mentions.append(mention)
            elif mention.entity.type == TREATMENT:
                _keep(alone, keys[name], _treatment(mention, None, mention.entity.score))
        for link in extraction.relations:
            head, tail = by_id.get(link.head), by_id.get(link.tail)
            if head is None or tail is None or (head.entity.type, tail.entity.type) != (TREATMENT, DISEASE):
                continue
            linked.add(keys[link.head])
            given = diseases[keys[link.tail]].treatments
            _keep(given, (keys[link.head], link.type), _treatment(head, link.type, link.score))
    record = [_row(patient_id, draft) for draft in diseases.values()]
    record.sort(key=lambda row: _rank(row.status))
    unexplained = tuple(treatment for key, treatment in alone.items() if key not in linked)
    if unexplained:
        record.append(Row(patient_id, "", None, None, unexplained, ()))
    return record


def _row(patient_id: str, draft: _Draft) -> Row:
    # The mention that the status comes from is the first evidence.
    mentions = sorted(draft.mentions, key=lambda m: _rank(m.entity.assertion)) if draft.mentions[1:] else draft.mentions
    return Row(
        patient_id=patient_id,
        disease=_name(draft.mentions[0].entity),
        status=mentions[0].entity.assertion,
        code=max(filter(None, (m.code for m in mentions)), key=attrgetter("score"), default=None),
        treatments=tuple(draft.treatments.values()),
        mentions=tuple(mentions),
    )


def _treatment(mention: Mention, relation: str | None, score: float) -> Treatment:
    entity = mention.entity
    name, attributes = _name(entity), entity.attributes
    return Treatment(name, entity.assertion, mention.code, attributes, relation, score, mention)


def _keep(into: dict[_K, Treatment], key: _K, new: Treatment) -> None:
    """Keep the treatment that tells most: of better standing, then with a dose, then more probable."""
    if key not in into or _tells(new) > _tells(into[key]):
        into[key] = new


def _tells(treatment: Treatment) -> tuple[int, int, float]:
    return -_rank(treatment.status), len(treatment.attributes), treatment.score


def _rank(status: Assertion | None) -> int:
    return _RANK.get(status, len(_RANK))  # a status of another guideline tells least


def _name(entity: Entity) -> str:
    return " ".join(entity.text.split())


def _key(mention: Mention) -> _Key:
    """Give what tells one thing from another; relatives' things are others."""
    entity, code = mention.entity, mention.code
    whose = "family" if entity.assertion == "family" else ""
    if code is not None and code.score >= _SURE:
        return whose, f"{code.system} {code.code}"
    return whose, " ".join(map(normalised, entity.text.split()))
