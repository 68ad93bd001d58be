"""The words of a name, in the forms under which a vocabulary knows it, and the keys of those.

A name is the set of its words, folded; words of like meaning may be made one. This module refuses to know codes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from behealthy.extract.lexicon import normalised

_BLOCK = 4  # letters that a word must share with another, at its beginning or end, to be like it
_FORMS = 50_000  # forms of words that are kept
_DEEPEST = 5  # words that are dropped from the beginning of a name at most
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)?")
_POSSESSIVE = re.compile(r"['\u2019]s?\b")
_STOP = frozenset("an the of in to at on by with for due and or from as nos unspecified uncomplicated".split())
_SAME = {"i": "1", "ii": "2", "iii": "3", "one": "1", "two": "2"}

# Words that name the same thing in most names; the first of a line stands for all.
_CLASSES = {
    word: line.split()[0]
    for line in (
        "neoplasm cancer carcinoma tumor malignancy malignant",
        "disease disorder syndrome",
        "kidney renal",
        "liver hepatic",
        "heart cardiac",
        "lung pulmonary",
        "stomach gastric",
        "bowel intestinal intestine",
        "brain cerebral",
        "bladder vesical",
        "skin cutaneous",
        "muscle muscular",
        "bone osseous",
        "nerve neural",
        "bleeding hemorrhage hemorrhagic",
        "infarction infarct",
        "injury damage",
        "failure insufficiency",
        "deficiency deficit",
        "colon colonic",
        "uterine uterus",
        "ovarian ovary",
        "breast mammary",
        "thyroid thyroidal",
        "prostate prostatic",
        "pancreas pancreatic",
        "artery arterial",
        "vein venous",
        "thrombosis thrombotic",
        "epilepsy epileptic",
        "abnormality anomaly malformation defect",
        "dysfunction impairment",
        "ache pain",
    )
    for word in map(normalised, line.split())
}

_JOINT = re.compile(r"\s+(?:and/or|and|or|with|due to|secondary to)\s+|[,;/(]\s*", re.IGNORECASE)
_ENDINGS = tuple(
    tuple(pair.split(">"))
    for pair in "tensive>tension emic>emia betic>bete otic>ose itic>itis eptic>epsy toxic>toxicity plegic>plegia "
    "penic>penia megalic>megaly uric>uria pathic>pathy trophic>trophy phrenic>phrenia pressed>pression "
    "matous>ma static>stase gical>gy regnant>regnancy bese>besity taxic>taxia xious>xiety vulsive>vulsion".split()
)
_TELLING = 7  # letters that the last word of a longer name must have to stand for it
_TURNED = frozenset("non no without anti pseudo like".split())  # before words that then mean something else


def name_words(name: str) -> tuple[str, ...]:
    """When called, it will give the words of a name, folded, each once, in ascending order.

    Examples
    --------
    >>> name_words("Tumours of the Lung") == name_words("lung tumor")
    True
    >>> name_words("Crohn's disease")
    ('crohn', 'disease')
    """
    words = set(_folded(name))
    return tuple(sorted(words - _STOP or words))


def _folded(name: str) -> list[str]:
    plain = name.casefold()
    if "'" in plain or "\u2019" in plain:
        plain = _POSSESSIVE.sub("", plain)
    return list(map(_form, _WORD.findall(plain)))


@lru_cache(_FORMS)
def _form(word: str) -> str:
    form = normalised(word)
    return _SAME.get(form, form)


def loose_words(words: Sequence[str]) -> tuple[str, ...]:
    """When called, it will give words with those of like meaning made one."""
    return tuple(sorted({_CLASSES.get(w, w) for w in words}))


def name_key(type: str, words: Sequence[str]) -> int:
    """When called, it will give the 64-bit key of a name of a type."""
    raw = f"{type} {' '.join(words)}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8, person=b"code").digest(), "little")


def block_keys(type: str, words: Sequence[str]) -> set[int]:
    """When called, it will give the keys of the blocks in which a name meets the names that may be like it."""
    long = [w for w in words if len(w) > _BLOCK]
    return {name_key(type, (part,)) for w in long for part in (f"{w[:_BLOCK]}-", f"-{w[-_BLOCK:]}")}


def parts(name: str) -> Iterator[tuple[str, ...]]:
    """When called, it will give what a longer name may end in or begin with that says what it is, of its kind."""
    pieces = [piece for piece in _JOINT.split(name) if piece.strip()]
    if len(pieces) > 1:
        yield from (loose_words(w) for piece in (pieces[-1], pieces[0]) if len(w := name_words(piece)) > 1)
    ordered = [w for w in _folded(name) if w not in _STOP]
    for first in range(1, min(len(ordered) - 1, _DEEPEST)):
        if not _TURNED.isdisjoint(ordered[:first]):
            return
        yield loose_words(tuple(sorted(set(ordered[first:]))))
    if len(ordered) > 1 and len(ordered[-1]) >= _TELLING and _TURNED.isdisjoint(ordered):
        yield loose_words(ordered[-1:])


def derived(words: Sequence[str]) -> tuple[str, ...]:
    """When called, it will turn words that tell of having a disease into its name: "hypertensive", "hypertension"."""
    return tuple(sorted({next((w[: -len(a)] + b for a, b in _ENDINGS if w.endswith(a)), w) for w in words}))
