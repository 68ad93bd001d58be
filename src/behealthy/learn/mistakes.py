"""Which mistakes a model makes most often: grouped, counted, and shown where they happened.

Every entity that is not exactly right falls into one group only. Gold and predicted entities that overlap are paired
one to one, the best fit first (same place, then same type, then the longest overlap): a pair of one type is a
boundary error, a pair of two types a confusion; gold that is left over was missed, predictions that are left over
are spurious. Strings are grouped without regard to case and white space. Refuses to judge how good the model is
(see `evaluate`), and to write files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from behealthy.extract.render import counted, page, type_class
from behealthy.learn.evaluate import check_paired
from behealthy.note import Entity, Extraction

if TYPE_CHECKING:
    from rich.console import Group

Role = Literal["", "gold", "predicted", "both"]
Kind = Literal["false positives", "false negatives", "type confusions", "boundary errors", "boundary differences"]

_Key = tuple[str, str, str, str, str]  # the first five fields of Mistake

EXAMPLES = 3
CONTEXT = 60  # code points shown on each side of a mistake

_EXPLAINED: dict[Kind, str] = {
    "false positives": "predicted where gold has nothing",
    "false negatives": "in gold, and nothing was predicted",
    "type confusions": "a place that gold has too, with another type",
    "boundary errors": "the right type with other boundaries",
    "boundary differences": "the boundary errors again, by what was added or lost",
}


@dataclass(frozen=True, slots=True)
class Example:
    """A mistake where it happened: pieces of the note, each with the side that marked it."""

    note_id: str
    pieces: tuple[tuple[str, Role], ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of slip and how often it was made; a side that has nothing has empty strings.

    ``difference`` tells how the prediction's boundaries depart from gold's, as in ``+leading 'chronic'``.
    """

    gold: str
    gold_type: str
    predicted: str
    predicted_type: str
    difference: str
    count: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """The most frequent mistakes of one kind, of ``distinct`` different ones that were made ``total`` times."""

    total: int
    distinct: int
    most: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What `browse` found; ``correct`` entities agree in type and boundaries."""

    documents: int
    gold: int
    predicted: int
    correct: int
    kinds: dict[Kind, Tally]


@dataclass(frozen=True, slots=True)
class _Slip:
    """One entity, or one pair, that is not right."""

    document: Extraction
    gold: Entity | None
    predicted: Entity | None

    def kind(self) -> Kind:
        if self.gold is None:
            return "false positives"
        if self.predicted is None:
            return "false negatives"
        return "boundary errors" if self.gold.type == self.predicted.type else "type confusions"


def browse(gold: Sequence[Extraction], predicted: Sequence[Extraction], *, top: int = 20) -> Mistakes:
    """Collect the most frequent mistakes of each kind, at most ``top`` of each, with up to three examples.

    Raises
    ------
    ValueError
        When the documents are not the same on both sides.
    """
    check_paired(gold, predicted)
    slips: dict[Kind, list[_Slip]] = {kind: [] for kind in _EXPLAINED}
    correct = 0
    for truth, guess in zip(gold, predicted, strict=True):
        pairs = list(_pairs(truth.entities, guess.entities))
        wrong = [pair for pair in pairs if _place(pair[0]) != _place(pair[1])]
        correct += len(pairs) - len(wrong)
        for g, p in wrong:
            slip = _Slip(truth, g, p)
            slips[slip.kind()].append(slip)
    slips["boundary differences"] = slips["boundary errors"]
    return Mistakes(
        documents=len(gold),
        gold=sum(len(d.entities) for d in gold),
        predicted=sum(len(d.entities) for d in predicted),
        correct=correct,
        kinds={kind: _tally(made, top, kind == "boundary differences") for kind, made in slips.items()},
    )


def _place(entity: Entity | None) -> tuple[int, int, str] | None:
    return None if entity is None else (entity.start, entity.end, entity.type)


def _in_text_order(entities: Sequence[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: (e.start, e.end, e.type))


def _pairs(gold: Sequence[Entity], predicted: Sequence[Entity]) -> Iterator[tuple[Entity | None, Entity | None]]:
    """Pair entities that overlap, one to one, the best fit first; then give those that are left over."""
    gold, predicted = _in_text_order(gold), _in_text_order(predicted)
    candidates = []
    first = 0
    longest = max((g.end - g.start for g in gold), default=0)
    for p, guess in enumerate(predicted):
        while first < len(gold) and gold[first].start + longest <= guess.start:
            first += 1
        for g in range(first, len(gold)):
            truth = gold[g]
            if truth.start >= guess.end:
                break
            common = min(truth.end, guess.end) - max(truth.start, guess.start)
            if common > 0:
                same_place = (truth.start, truth.end) == (guess.start, guess.end)
                same_type = truth.type == guess.type
                candidates.append((not same_place, not same_type, -common, g, p))
    free_gold, free_predicted = set(range(len(gold))), set(range(len(predicted)))
    for *_, g, p in sorted(candidates):
        if g in free_gold and p in free_predicted:
            free_gold.remove(g)
            free_predicted.remove(p)
            yield gold[g], predicted[p]
    yield from ((gold[g], None) for g in sorted(free_gold))
    yield from ((None, predicted[p]) for p in sorted(free_predicted))


def _tally(slips: Sequence[_Slip], top: int, by_difference: bool) -> Tally:
    groups: defaultdict[_Key, list[_Slip]] = defaultdict(list)
    for slip in slips:
        groups[_key(slip, by_difference)].append(slip)
    most = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:top]
    return Tally(
        len(slips),
        len(groups),
        tuple(Mistake(*key, len(made), tuple(map(_example, made[:EXAMPLES]))) for key, made in most),
    )


def _key(slip: _Slip, by_difference: bool) -> _Key:
    """Give what makes two slips the same mistake."""
    sides = (slip.gold, slip.predicted)
    gold, predicted = (
        "" if e is None or by_difference else _normal(slip.document.text[e.start : e.end]) for e in sides
    )
    gold_type, predicted_type = ("" if e is None else e.type for e in sides)
    return gold, gold_type, predicted, predicted_type, _difference(slip)


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()


def _difference(slip: _Slip) -> str:
    """Say how the predicted boundaries depart from gold's; empty when they do not.

    White space alone is named as such, because nothing of it could be seen.
    """
    if slip.gold is None or slip.predicted is None:
        return ""
    ends = (("leading", slip.gold.start, slip.predicted.start), ("trailing", slip.predicted.end, slip.gold.end))
    said = []
    for side, a, b in ends:
        words = _normal(slip.document.text[min(a, b) : max(a, b)])
        if a != b:
            what = f"'{words}'" if words else "white space"
            said.append(f"{'+' if a > b else '−'}{side} {what}")
    return ", ".join(said)


def _example(slip: _Slip) -> Example:
    """Cut out the mistake with its surroundings, at word boundaries and within its paragraph."""
    text = slip.document.text
    sides: list[tuple[Role, Entity]] = []
    if slip.gold is not None:
        sides.append(("gold", slip.gold))
    if slip.predicted is not None:
        sides.append(("predicted", slip.predicted))
    start, end = min(e.start for _, e in sides), max(e.end for _, e in sides)
    before = text[max(0, start - CONTEXT) : start]
    if start > CONTEXT:
        before = "…" + before.partition(" ")[2] if " " in before else "…" + before
    after = text[end : end + CONTEXT]
    if end + CONTEXT < len(text):
        after = after.rpartition(" ")[0] + " …" if " " in after else after + "…"
    pieces: list[tuple[str, Role]] = [(re.split(r"\n\s*\n", before)[-1], "")]
    cuts = sorted({edge for _, e in sides for edge in (e.start, e.end)})
    for a, b in pairwise(cuts):
        roles = [role for role, e in sides if e.start <= a and b <= e.end]
        pieces.append((text[a:b], "both" if len(roles) == 2 else roles[0]))
    pieces.append((re.split(r"\n\s*\n", after)[0], ""))
    return Example(slip.document.note_id, tuple((re.sub(r"\s+", " ", piece), role) for piece, role in pieces if piece))


def to_terminal(mistakes: Mistakes) -> Group:
    """Lay the mistakes out for a terminal: a line of totals and one Rich table a kind."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    styles: dict[Role, str] = {"": "", "gold": "underline", "predicted": "reverse", "both": "reverse underline"}
    shown: list[Text | Table] = [Text(f"{_totals(mistakes)}. Examples: gold underlined, predicted reversed.")]
    for kind, tally in mistakes.kinds.items():
        table = Table(title=_heading(kind, tally), title_justify="left", title_style="bold", expand=True)
        table.add_column("count", justify="right", no_wrap=True)
        table.add_column("type", no_wrap=True)
        table.add_column("what", ratio=2, overflow="fold")
        table.add_column("for example", ratio=3, overflow="fold")
        for mistake in tally.most:
            pieces = mistake.examples[0].pieces if mistake.examples else ()
            table.add_row(
                str(mistake.count),
                Text(" → ".join(_types(mistake))),
                Text("\n".join(_said(mistake))),
                Text.assemble(*((piece, styles[role]) for piece, role in pieces)),
            )
        shown.append(table if tally.most else Text(_heading(kind, tally)))
    return Group(*shown)


def _totals(mistakes: Mistakes) -> str:
    return (
        f"{counted(mistakes.documents, 'document')}, {counted(mistakes.gold, 'gold entity', 'gold entities')}, "
        f"{mistakes.predicted:,} predicted, {mistakes.correct:,} exactly right"
    )


def _heading(kind: Kind, tally: Tally) -> str:
    return f"{kind.capitalize()}: {tally.total:,}, {tally.distinct:,} different ({_EXPLAINED[kind]})"


def _types(mistake: Mistake) -> list[str]:
    """Give the type, or for a confusion gold's and then the predicted one."""
    return list(dict.fromkeys(t for t in (mistake.gold_type, mistake.predicted_type) if t))


def _said(mistake: Mistake) -> list[str]:
    """Give the lines that name a mistake: the strings of the two sides, and the difference of their boundaries."""
    strings = list(dict.fromkeys(s for s in (mistake.gold, mistake.predicted) if s))
    return [line for line in (" → ".join(strings), mistake.difference) if line]


_STYLE = """
main { max-width: 1120px; margin: 0 auto; padding: 20px 24px; display: grid; gap: 16px; }
section p { margin: 4px 0 0; }
section table { margin-top: 8px; table-layout: fixed; }
th.count { width: 120px; }
th.type { width: 168px; }
.bar { display: inline-block; height: 10px; border-radius: 2px; background: var(--bar); }
.count span:first-child { display: inline-block; width: 40px; text-align: right; margin-right: 8px; }
.count { font-variant-numeric: tabular-nums; white-space: nowrap; }
summary { cursor: pointer; }
summary span { overflow-wrap: anywhere; }
blockquote { margin: 6px 0 6px 16px; padding-left: 12px; border-left: 2px solid var(--line); }
.gold, .predicted, .both { color: var(--ink); }
.gold { background: none; border-bottom: 2px solid var(--accent); padding-bottom: 1px; }
.predicted { background: var(--bar); }
.both { background: var(--bar); border-bottom: 2px solid var(--accent); padding-bottom: 1px; }
"""


def to_html(mistakes: Mistakes, title: str = "Mistakes") -> str:
    """Write one self-contained page: a section a kind, counts as bars, examples that unfold."""
    sections = "".join(_section(kind, tally) for kind, tally in mistakes.kinds.items())
    body = (
        f'<main><header><h1>{escape(title)}</h1><span class="quiet">{escape(_totals(mistakes))}. In the examples: '
        f'<mark class="gold">gold</mark>, <mark class="predicted">predicted</mark>, '
        f'<mark class="both">both</mark>.</span></header>{sections}</main>'
    )
    return page(title, body, _STYLE)


def _section(kind: Kind, tally: Tally) -> str:
    longest = max((mistake.count for mistake in tally.most), default=1)
    rows = "".join(_row(mistake, longest) for mistake in tally.most)
    table = (
        '<table><thead><tr><th scope="col" class="count">Count</th><th scope="col" class="type">Type</th>'
        f'<th scope="col">What, and where</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    left = tally.distinct - len(tally.most)
    return (
        f'<section class="card"><h2>{kind.capitalize()} <span class="quiet">{tally.total:,}, '
        f'{tally.distinct:,} different</span></h2><p class="quiet">{_EXPLAINED[kind]}</p>'
        + (table if rows else "<p>None.</p>")
        + (f'<p class="quiet">and {left:,} rarer ones</p>' if left else "")
        + "</section>"
    )


def _row(mistake: Mistake, longest: int) -> str:
    types = " → ".join(f'<mark class="{type_class(t)}">{escape(t)}</mark>' for t in _types(mistake))
    said = '</span> <span class="quiet">'.join(map(escape, _said(mistake)))
    examples = "".join(
        f'<blockquote dir="auto">{_pieces(example.pieces)} <span class="quiet">{escape(example.note_id)}</span>'
        "</blockquote>"
        for example in mistake.examples
    )
    return (
        f'<tr><td class="count"><span>{mistake.count:,}</span>'
        f'<span class="bar" style="width:{max(1, round(56 * mistake.count / longest))}px"></span></td>'
        f'<td class="type">{types}</td>'
        f"<td><details><summary><span>{said}</span></summary>{examples}</details></td></tr>"
    )


def _pieces(pieces: Iterable[tuple[str, Role]]) -> str:
    return "".join(f'<mark class="{role}">{escape(text)}</mark>' if role else escape(text) for text, role in pieces)
