"""Which treatment may have to do with which disease, and what there is to see of the two.

A pair is seen as rows of one table of weights: some for the pair itself (where its two mentions stand, the words next
to them), and some for each token of a stretch of text (between the two, before, behind). The sum over a stretch is the
difference of two running sums, whatever its length, so that a pair costs the same near and far.

Rows are hashes of what is seen, see `hashing`, so nothing need be kept of the words themselves.

This module refuses to judge: it knows no weights, and not what a word means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behealthy.extract.candidates import Place, candidates, place_of
from behealthy.extract.classes import WordClasses, class_key
from behealthy.extract.cues import cues, seen_between
from behealthy.extract.features import lowered
from behealthy.extract.hashing import MULTIPLIER, Keys, Sight, mixed, rows_of
from behealthy.extract.lexicon import token_key
from behealthy.extract.marked import Marked
from behealthy.extract.tokens import IntArray, Vocabulary
from behealthy.note import DISEASE, TREATMENT

_FAR = 60  # tokens; what lies between is not looked at any more
_GRAIN = 1  # of the word classes: the middle one


class WordFacts:
    """What pairs ask of a word, by its number in a vocabulary; kept for as long as the vocabulary keeps its numbers."""

    def __init__(self, classes: WordClasses | None) -> None:
        self._classes = classes
        self._cues = cues()
        self._vocabulary: Vocabulary | None = None
        self._epoch = -1
        self._table = np.zeros((4, 0), np.uint64)

    def __call__(self, vocabulary: Vocabulary) -> Keys:
        """Give, as rows, the word's key, its class, the key where its spellings meet, and its cues; (4, words)."""
        if self._vocabulary is not vocabulary or self._epoch != vocabulary.epoch:
            self._vocabulary, self._epoch = vocabulary, vocabulary.epoch
            self._table = np.zeros((4, 0), np.uint64)
        known = self._table.shape[1]
        if known < len(vocabulary.words):
            fresh = [self._facts(word) for word in vocabulary.words[known:]]
            self._table = np.concatenate([self._table, np.array(fresh, np.uint64).T], axis=1)
        return self._table

    def _facts(self, word: str) -> tuple[int, int, int, int]:
        if not word or word.isspace():
            return (0, 0, 0, 0)
        low = lowered(word)
        classes = self._classes(word.lower()) if self._classes else ()
        return (class_key(low), classes[_GRAIN] + 1 if classes else 0, token_key(word), self._cues.get(word.lower(), 0))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens from `start` up to `stop` of each of P pairs, every token seen as K rows, all counted `scale` times.

    Attributes
    ----------
    rows : int64 array of shape (K, N)
    start, stop : int64 arrays of shape (P,)
    scale : float64 array of shape (P,)
    """

    rows: IntArray
    start: IntArray
    stop: IntArray
    scale: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """P pairs of a treatment and a disease, and what is seen of each.

    Attributes
    ----------
    head, tail : int64 arrays of shape (P,)
        Entities of a `Marked`.
    rows : int64 array of shape (K, P)
    stretches : sequence of Stretch
    concept : uint64 array of shape (E,)
        Equal for entities of the same words, whatever their spelling and order.
    distance : int64 array of shape (P,)
        Tokens between the two.
    """

    head: IntArray
    tail: IntArray
    rows: IntArray
    stretches: Sequence[Stretch]
    concept: Keys
    distance: IntArray

    def __len__(self) -> int:
        return len(self.head)


def pairs_of(marked: Marked, facts: WordFacts) -> Pairs:
    """When called, it will pair treatments with diseases that may have to do with them, and tell what is seen of each.

    The number of pairs grows with the number of entities, not with its square: a treatment is held against the nearest
    diseases, the title of its list, and in short prose against the nearest mention of every disease.

    Examples
    --------
    >>> from behealthy.extract.marked import mark
    >>> marked = mark(["aspirin for gout"], [[(0, 7, "TREATMENT"), (12, 16, "DISEASE")]], Vocabulary())
    >>> pairs = pairs_of(marked, WordFacts(None))
    >>> pairs.head.tolist(), pairs.tail.tolist(), pairs.distance.tolist()
    ([0], [1], [1])
    """
    types = np.array(marked.type, dtype=object)
    order = np.argsort(marked.first, kind="stable")
    heads, tails = (order[types[order] == kind] for kind in (TREATMENT, DISEASE))
    words = facts(marked.vocabulary)[:, marked.batch.words]  # (4, N)
    concept = _sums(words[2], marked.first, marked.last)
    place = place_of(marked, tails)
    head, tail = candidates(place, heads, tails, concept)
    rows, stretches, distance = _seen(marked, place, heads, tails, head, tail, words, concept)
    return Pairs(head, tail, rows, stretches, concept, distance)


def _sums(keys: Keys, first: IntArray, last: IntArray) -> Keys:
    """Add the keys of each entity's tokens, modulo 2**64."""
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys, dtype=np.uint64)])
    return np.asarray(total[last + 1] - total[first], np.uint64)


def _codes(*parts: npt.NDArray[np.generic]) -> IntArray:
    """Lay small numbers (below 16) side by side in one."""
    out = np.zeros(len(parts[0]), np.int64)
    for part in parts:
        out = out * 16 + part.astype(np.int64)
    return out


def _steps(values: IntArray) -> IntArray:
    """Give 0, 1, 2, 3 as they are and larger numbers by their logarithm, up to 12."""
    return np.where(values < 4, values, np.minimum(2 + np.log2(np.maximum(values, 1)).astype(np.int64), 12))


def _seen(
    marked: Marked,
    place: Place,
    heads: IntArray,
    tails: IntArray,
    head: IntArray,
    tail: IntArray,
    words: Keys,
    concept: Keys,
) -> tuple[IntArray, list[Stretch], IntArray]:
    after = (place.first[tail] < place.first[head]).astype(np.int64)  # 1 where the disease comes first
    a, b = np.where(after, tail, head), np.where(after, head, tail)
    start, stop = place.last[a] + 1, np.maximum(place.first[b], place.last[a] + 1)
    gap = stop - start
    same = (place.sentence[a] == place.sentence[b]).astype(np.int64)
    symbols = _symbols(marked, words[0])
    rows = [
        *_standing(marked, place, head, tail, after, gap, same),
        *_standing_among(place, heads, tails, head, tail, after, same),
        *_in_document(place, head, tail, concept, gap),
        *_beside(marked, place, a, b, after, same, gap, words),
        *_named(place, head, tail, same, words, concept),
    ]
    around = _around(marked, place, a, b)
    rows += _signs(words[3].astype(np.int64), after, same, gap, (start, stop), around)
    return rows_of(rows), _stretches(after, start, stop, same, symbols, words[1], around), gap


def _symbols(marked: Marked, keys: Keys) -> Keys:
    """Give each token's key, that of its type for the tokens of entities: lists of drugs all look alike."""
    out = keys.copy()
    kinds = np.array([1 if kind == DISEASE else 2 for kind in marked.type], np.uint64)
    for offset in range(4):  # the rest of longer entities stays as it is
        at = marked.first + offset
        inside = at <= marked.last
        out[at[inside]] = kinds[inside] if offset == 0 else 3
    return out


def _standing(
    marked: Marked, place: Place, head: IntArray, tail: IntArray, after: IntArray, gap: IntArray, same: IntArray
) -> list[Sight]:
    """Where the two stand in the note's outline."""
    names = np.array([class_key(name) for name in marked.outline.names], np.uint64)
    sections = names[marked.outline.section]
    prose = place.prose[head].astype(np.int64)
    apart = np.minimum(_steps(np.abs(place.sentence[head] - place.sentence[tail])), 5)
    line = (place.line[head] == place.line[tail]).astype(np.int64)
    block = (place.block[head] == place.block[tail]).astype(np.int64)
    group = (place.group[head] == place.group[tail]).astype(np.int64)
    part = (place.part[head] == place.part[tail]).astype(np.int64)
    listed = place.listed[head] * 2 + place.listed[tail]
    opens = place.opens[tail] * 2 + place.main[tail]
    where = _codes(after, apart, line, block, group)
    return [
        (1, prose),
        (2, where, prose),
        (3, _codes(after, same, _steps(gap), prose)),
        (4, _codes(opens, listed, block, group, after, line)),
        (5, _codes(after, same, block), sections[place.first[head]]),
        (6, _codes(after, same, part), sections[place.first[tail]]),
        (7, _codes(part, np.minimum(apart, 2)), sections[place.first[head]], sections[place.first[tail]]),
    ]


def _standing_among(
    place: Place, heads: IntArray, tails: IntArray, head: IntArray, tail: IntArray, after: IntArray, same: IntArray
) -> list[Sight]:
    """How many entities of either type stand between the two."""
    of_heads = np.searchsorted(place.first[heads], place.first)
    of_tails = np.searchsorted(place.first[tails], place.first)
    treatments = np.abs(of_heads[head] - of_heads[tail]) - (1 - after)
    diseases = np.abs(of_tails[head] - of_tails[tail]) - after
    treatments, diseases = np.clip(treatments, 0, 6), np.clip(diseases, 0, 6)
    block = (place.block[head] == place.block[tail]).astype(np.int64)
    # How many of the block's, or sentence's, entities there are: "every one with every one" holds for small crowds.
    return [
        (11, _codes(after, same, block, treatments)),
        (12, _codes(after, same, block, diseases)),
        (13, _codes(after, same, block, treatments, diseases)),
        (14, _codes(same, _crowd(place.sentence, heads, head), _crowd(place.sentence, tails, tail))),
        (15, _codes(after, same, block, diseases), place.opens[tail], place.listed[head]),
    ]


def _crowd(of: IntArray, members: IntArray, chosen: IntArray) -> IntArray:
    """Count the members that share the sentence with each of those chosen, up to 5."""
    counts = np.bincount(of[members], minlength=1)
    return np.minimum(counts[of[chosen]], 5)


def _in_document(place: Place, head: IntArray, tail: IntArray, concept: Keys, gap: IntArray) -> list[Sight]:
    """What the whole note says of the two: how often each is named, whether in its first line, how near they come."""
    own = concept ^ (place.note.astype(np.uint64) * MULTIPLIER)
    _, number = np.unique(own, return_inverse=True)
    times = np.bincount(number, minlength=1)
    top = np.bincount(number, weights=place.top, minlength=1) > 0
    (both,) = mixed([(20, number[head], number[tail])])
    _, pair = np.unique(both, return_inverse=True)
    least = np.full(len(pair) + 1, 1 << 40)
    np.minimum.at(least, pair, gap)
    nearest = (least[pair] == gap).astype(np.int64)
    least_steps = _steps(least[pair])
    shared = np.minimum(np.bincount(pair, weights=np.abs(place.sentence[head] - place.sentence[tail]) == 0)[pair], 4)
    prose = place.prose[head].astype(np.int64)
    titled = top[number[head]] * 2 + top[number[tail]]
    often = [np.minimum(_steps(times[number[x]]), 7) for x in (head, tail)]
    return [
        (21, _codes(prose, titled, nearest)),
        (22, _codes(prose, often[0], nearest)),
        (23, _codes(prose, often[1], nearest)),
        (24, _codes(prose, often[0], often[1], titled)),
        (25, _codes(prose, least_steps, nearest)),
        (26, _codes(prose, shared.astype(np.int64), titled, nearest)),
    ]


def _beside(
    marked: Marked,
    place: Place,
    a: IntArray,
    b: IntArray,
    after: IntArray,
    same: IntArray,
    gap: IntArray,
    words: Keys,
) -> list[Sight]:
    """The words next to the two, inside their sentences."""
    batch = marked.batch
    spread = np.zeros((2, len(batch.padded)), np.uint64)
    spread[:, batch.positions] = words[:2]
    left, right = batch.positions[place.first], batch.positions[place.last]
    close = same * 2 + (same & (gap < 4))
    out: list[Sight] = []
    for k, (of, offset) in enumerate(
        [(a, -1), (a, -2), (a, -3), (b, 1), (b, 2), (b, 3), (a, 1), (a, 2), (a, 3), (b, -1), (b, -2), (b, -3)]
    ):
        at = (left if offset < 0 else right)[of] + offset
        out.append((31 + k, after + same * 2, spread[0, at]))
        if abs(offset) < 3:
            out.append((51 + k, after + same * 2, spread[1, at]))
    follow, lead = right[a], left[b]
    out += [
        (71, after + close * 2, spread[0, follow + 1], spread[0, lead - 1]),
        (72, after + close * 2, spread[0, follow + 1], spread[0, follow + 2]),
        (73, after + close * 2, spread[0, lead - 1], spread[0, lead - 2]),
        (74, after + same * 2, spread[0, left[a] - 1], spread[0, left[a] - 2]),
        (75, after + same * 2, spread[0, right[b] + 1], spread[0, right[b] + 2]),
        (76, after + close * 2, spread[0, follow + 1], spread[0, follow + 2], spread[0, follow + 3]),
    ]
    return out


def _named(place: Place, head: IntArray, tail: IntArray, same: IntArray, words: Keys, concept: Keys) -> list[Sight]:
    """What the two are called."""
    out: list[Sight] = [(81, concept[head], concept[tail]), (82, concept[head]), (83, concept[tail])]
    for k, of in enumerate((head, tail)):
        first, last = place.first[of], place.last[of]
        out += [
            (84 + k, words[0, last]),
            (86 + k, words[1, last]),
            (88 + k, words[0, first]),
            (90 + k, words[1, last], same),
        ]
    out.append((92, words[1, place.last[head]], words[1, place.last[tail]]))
    return out


def _around(marked: Marked, place: Place, a: IntArray, b: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Where the sentence's words before the two, and those behind them, start and stop; a dozen at most."""
    begins = np.concatenate([[0], np.cumsum(marked.batch.lengths)])
    before = np.maximum(begins[place.sentence[a]], place.first[a] - 12)
    behind = np.minimum(begins[marked.batch.sentence[place.last[b]] + 1], place.last[b] + 13)
    return [(before, place.first[a]), (np.minimum(place.last[b] + 1, behind), behind)]


def _signs(
    signs: IntArray,
    after: IntArray,
    same: IntArray,
    gap: IntArray,
    between: tuple[IntArray, IntArray],
    around: list[tuple[IntArray, IntArray]],
) -> list[Sight]:
    """The cues between the two, before and behind."""
    near = np.where((same == 1) & (gap < _FAR), between[1], between[0])
    inside, before, behind = seen_between(signs, (between[0], near), *around)
    flags = after + same * 2
    return [
        (93, flags, inside),
        (94, flags, before),
        (95, flags, behind),
        (96, flags, inside | before | behind),
        (97, flags, inside & 3, (before | behind) & 3),
    ]


def _stretches(
    after: IntArray,
    start: IntArray,
    stop: IntArray,
    same: IntArray,
    symbols: Keys,
    classes: Keys,
    around: list[tuple[IntArray, IntArray]],
) -> list[Stretch]:
    """The words between the two, and those of their sentences before and behind them."""
    gap = stop - start
    previous = np.concatenate([np.zeros(min(1, len(symbols)), np.uint64), symbols[:-1]])
    scale = 1 / np.sqrt(np.maximum(gap, 4) / 4)
    alone: list[Sight] = [(template, symbols) for template in (101, 102, 107, 108, 109, 110)]
    own = rows_of([*alone, (103, previous, symbols), (104, previous, symbols), (105, classes), (106, classes)])
    out = []
    for flag in (0, 1):
        near = (after == flag) & (same == 1) & (gap < _FAR)
        far = (after == flag) & (same == 0) & (gap < _FAR)
        out.append(Stretch(own[[flag, 6 + flag, 8 + flag]], np.where(near, start, 0), np.where(near, stop, 0), scale))
        out.append(Stretch(own[[2 + flag]], np.where(far, start, 0), np.where(far, stop, 0), scale))
    half = np.full(len(after), 0.5)
    out += [Stretch(own[[4 + k]], *stretch, half) for k, stretch in enumerate(around)]
    return out
