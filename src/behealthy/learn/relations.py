"""Learn the linker's table, a softmax over hashed rows, from relations of mentions and from pairs of concepts.

What a corpus does not say is not taught: a pair that BC5CDR does not list as harm may still be a cure, so all it
teaches is "not CAUSES". Each pair carries the set of outcomes that are right, and the loss is the negative logarithm of
their probability together (Jin & Ghahramani, "Learning with multiple labels", NIPS 2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from behealthy.data.formats import read_corpus
from behealthy.extract.classes import WordClasses
from behealthy.extract.hashing import BITS
from behealthy.extract.marked import Marked, mark
from behealthy.extract.pairs import Pairs, WordFacts, pairs_of
from behealthy.extract.relations import OUTCOMES, Linker
from behealthy.extract.tokens import Vocabulary
from behealthy.learn.prose import other_names, read_prose
from behealthy.learn.relation_sources import Stated, bc5cdr, concepts_of, phee
from behealthy.note import RELATION_TYPES, Extraction
from behealthy.registry.bundle import load_classes
from behealthy.registry.folder import write_folder

if TYPE_CHECKING:
    from scipy import sparse

KIND = "relations"
PROSE = "prose.tsv"
CAUSES = RELATION_TYPES.index("CAUSES") + 1
PENALTY = 3.0  # on the square of each weight, times one half
ITERATIONS = 80
COPIES = 4  # of each sentence of our prose, with other names
WEIGHTS: Mapping[str, float] = {  # what a pair of each source counts
    "examples": 1.0,
    "phee": 1.5,
    "bc5cdr": 0.7,
    "prose": 0.5,
    "prose, other names": 0.2,
}
HARM = 0.35  # what a pair of PHEE counts that is CAUSES: it holds little but harm, notes hold eleven cures for one
LEAST = (0.25, 0.25, 0.3)  # chosen on folds of what is trained on


@dataclass(frozen=True)
class Lessons:
    """P pairs to learn from.

    Attributes
    ----------
    seen : sparse matrix of shape (P, 2 ** BITS)
    right : bool array of shape (P, 4)
        Outcomes that the source allows, none first.
    weight : float array of shape (P,)
    """

    seen: sparse.csr_matrix
    right: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]


def marked_of(documents: Sequence[Extraction], vocabulary: Vocabulary) -> Marked:
    """When called, it will lay documents out with their own entities, in their order."""
    spans = [[(e.start, e.end, e.type) for e in d.entities] for d in documents]
    return mark([d.text for d in documents], spans, vocabulary)


def seen_of(pairs: Pairs) -> sparse.csr_matrix:
    """When called, it will give what is seen of pairs as a sparse matrix of shape (pairs, 2 ** BITS)."""
    from scipy import sparse

    count = len(pairs)
    row = [np.tile(np.arange(count), len(pairs.rows))]
    column = [pairs.rows.ravel()]
    value = [np.ones(pairs.rows.size)]
    for stretch in pairs.stretches:
        size = stretch.stop - stretch.start
        own = np.repeat(np.arange(count), size)
        token = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(stretch.start, size)
        for rows in stretch.rows:
            row.append(own)
            column.append(rows[token])
            value.append(stretch.scale[own])
    parts = (np.concatenate(value), (np.concatenate(row), np.concatenate(column)))
    return sparse.csr_matrix(parts, shape=(count, 1 << BITS))


def taught(documents: Sequence[Extraction], facts: WordFacts, weight: float) -> Lessons:
    """When called, it will make lessons of documents that state each relation between mentions."""
    _, pairs = _paired(documents, facts)
    outcome = np.zeros(len(pairs), np.int64)
    known: dict[tuple[int, int], int] = {}
    base = 0
    for d in documents:
        index = {e.id: base + i for i, e in enumerate(d.entities)}
        known |= {(index[r.head], index[r.tail]): RELATION_TYPES.index(r.type) + 1 for r in d.relations}
        base += len(d.entities)
    for i, pair in enumerate(zip(pairs.head.tolist(), pairs.tail.tolist(), strict=True)):
        outcome[i] = known.get(pair, 0)
    right = np.arange(OUTCOMES) == outcome[:, None]
    return Lessons(seen_of(pairs), right, np.full(len(pairs), weight))


def taught_by_concepts(documents: Sequence[tuple[Extraction, Stated]], facts: WordFacts, weight: float) -> Lessons:
    """When called, it will make lessons of documents that state which concept causes which, not where.

    The nearest mentions of a stated pair, and those that share a sentence, are taken to say it; of the others nothing
    is known. A pair that is not stated is anything but CAUSES.
    """
    plain = [d for d, _ in documents]
    marked, pairs = _paired(plain, facts)
    names = [concepts_of(e) for d in plain for e in d.entities]
    of = np.repeat(np.arange(len(plain)), [len(d.entities) for d in plain])
    sentence = marked.batch.sentence[marked.first]
    stated = np.zeros(len(pairs), bool)
    least: dict[tuple[int, str, str], int] = {}
    keys: list[list[tuple[int, str, str]]] = []
    for i, (head, tail) in enumerate(zip(pairs.head.tolist(), pairs.tail.tolist(), strict=True)):
        note = int(of[head])
        hits = [(note, a, b) for a, b in documents[note][1] if a in names[head] and b in names[tail]]
        stated[i] = bool(hits)
        keys.append(hits)
        for key in hits:
            least[key] = min(least.get(key, 1 << 40), int(pairs.distance[i]))
    nearest = np.array([any(least[k] == d for k in own) for own, d in zip(keys, pairs.distance, strict=True)], bool)
    says = stated & (nearest | (sentence[pairs.head] == sentence[pairs.tail]))
    right = np.ones((len(pairs), OUTCOMES), bool)
    right[~stated, CAUSES] = False
    right[says] = np.arange(OUTCOMES) == CAUSES
    keep = np.flatnonzero(says | ~stated)
    return Lessons(seen_of(pairs)[keep], right[keep], np.full(len(keep), weight))


def _paired(documents: Sequence[Extraction], facts: WordFacts) -> tuple[Marked, Pairs]:
    marked = marked_of(documents, Vocabulary(2**62))
    return marked, pairs_of(marked, facts)


def fit(
    lessons: Sequence[Lessons], *, penalty: float = PENALTY, iterations: int = ITERATIONS
) -> npt.NDArray[np.float64]:
    """When called, it will learn a table of shape (2 ** BITS, 4) from lessons."""
    from scipy import sparse
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    seen = sparse.vstack([one.seen for one in lessons], format="csr")
    right = np.concatenate([one.right for one in lessons])
    weight = np.concatenate([one.weight for one in lessons])
    used = np.flatnonzero(np.asarray(seen.getnnz(axis=0)))
    seen = seen[:, used]
    back = seen.T.tocsr()
    wrong = np.where(right, 0.0, -np.inf)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.reshape(-1, OUTCOMES)
        logits = seen @ table
        every, allowed = logsumexp(logits, axis=1), logsumexp(logits + wrong, axis=1)
        slope = np.exp(logits - every[:, None]) - np.exp(logits + wrong - allowed[:, None])
        value = weight @ (every - allowed) + penalty / 2 * (flat @ flat)
        return float(value), (back @ (slope * weight[:, None])).ravel() + penalty * flat

    found = minimize(loss, np.zeros(len(used) * OUTCOMES), jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    table = np.zeros((1 << BITS, OUTCOMES))
    table[used] = found.x.reshape(-1, OUTCOMES)
    return table


def lessons_of(
    examples: Sequence[Extraction],
    prose: Sequence[Extraction],
    sentences: Sequence[Extraction],
    abstracts: Sequence[tuple[Extraction, Stated]],
    classes: WordClasses,
) -> list[Lessons]:
    """When called, it will make the lessons of the four sources, each with its weight."""
    facts = WordFacts(classes)
    renamed = other_names(prose, [*examples, *prose], COPIES)
    harms = taught(sentences, facts, WEIGHTS["phee"])
    return [
        taught(examples, facts, WEIGHTS["examples"]),
        replace(harms, weight=np.where(harms.right[:, CAUSES], HARM, 1.0) * harms.weight),
        taught_by_concepts(abstracts, facts, WEIGHTS["bc5cdr"]),
        taught(prose, facts, WEIGHTS["prose"]),
        taught(renamed, facts, WEIGHTS["prose, other names"]),
    ]


def build_relations(corpora: Path, examples: Path, out: Path) -> Linker:
    """When called, it will learn the shipped linker from the sources whose terms allow it, and write it.

    The folder of examples (its notes and its ``prose.tsv``), PHEE's training part (MIT) and BC5CDR's training part
    (public domain).

    Raises
    ------
    UnreadableFile
        When a source is not in the corpora folder.
    """
    notes, prose = read_corpus(examples / "notes", "brat").documents, read_prose(examples / PROSE)
    sentences = phee(corpora / "phee" / "train.jsonl")
    abstracts = bc5cdr(corpora / "bc5cdr" / "CDR_TrainingSet.PubTator.txt")
    classes = load_classes()
    table = fit(lessons_of(notes, prose, sentences, abstracts, classes)).astype(np.float16)
    arrays: dict[str, npt.NDArray[Any]] = {"table": table, "least": np.array(LEAST)}
    meta = {
        "types": list(RELATION_TYPES),
        "sources": {
            "examples": len(notes),
            "prose": len(prose),
            "phee train": len(sentences),
            "bc5cdr train": len(abstracts),
        },
        "terms": {"examples": "ours", "prose": "ours", "phee": "MIT", "bc5cdr": "public domain"},
    }
    write_folder(out, KIND, arrays, meta)
    return Linker.from_arrays(arrays, classes)
