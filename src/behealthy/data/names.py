"""How a catalogue's name is written in a note, and whether it is a name at all.

Catalogues turn names around ("Anemia, iron deficiency"), pad them ("unspecified", "not elsewhere classified") and list
their acronyms in lower case. This module knows words only; it refuses to know which catalogue a name came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from behealthy.extract.lexicon import LONGEST, SKIP, normalised, token_key

_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_EMPTY_WORDS = re.compile(
    r"^(?:other and unspecified|other specified|other and|certain other|other|unspecified|certain|personal history of|"
    r"family history of)\s+|,?\s*\b(?:unspecified|not elsewhere classified|not otherwise specified|NOS|NEC)\b|"
    r",?\s*(?:initial|subsequent) encounter.*$|,?\s*sequela$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r",?\s+(?:due to|secondary to|with|without|associated with|caused by|resulting from|following|in diseases|"
    r"complicating|affecting|involving|as the cause|not specified|so stated)\b.*$",
    re.IGNORECASE,
)
_BINDING = re.compile(r"(?:with|without|of|in|and|or|due|to|by|from|for|as|type)\b", re.IGNORECASE)
_UNWRITTEN = re.compile(r"\b(?:right|left|bilateral|classified|elsewhere|specified|multiple sites|encounter)\b|/", re.I)


def written_forms(name: str) -> tuple[str, ...]:
    """When called, it will give the ways in which a note may write a catalogue's name, possibly none.

    Examples
    --------
    >>> written_forms("Anemia, iron deficiency")
    ('iron deficiency Anemia',)
    >>> written_forms("Gout, unspecified")
    ('Gout',)
    >>> written_forms("Other chronic gout due to renal impairment (chronic)")
    ('chronic gout due to renal impairment', 'chronic gout')
    """
    name = _BRACKETS.sub("", name).strip()
    before = None
    while before != name:
        before, name = name, _EMPTY_WORDS.sub("", name).strip(" ,")
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if len(parts) > 1 and any(_BINDING.match(part) for part in parts[1:]):
        bound = [part for part in parts[1:] if _BINDING.match(part)]
        parts = [" ".join([parts[0], *bound]), *(part for part in parts[1:] if part not in bound)]
    natural = " ".join(reversed(parts))
    forms = [natural, _TAIL.sub("", natural)]
    return tuple(dict.fromkeys(form for form in forms if form and not _UNWRITTEN.search(form) and _TAIL.sub("", form)))


def is_acronym(word: str, family: Iterable[str]) -> bool:
    """When called, it will tell whether a single word stands for the first letters of another name of the same thing.

    Examples
    --------
    >>> is_acronym("gerd", ("gastro esophageal reflux disease",))
    True
    >>> is_acronym("gout", ("gouty arthritis",))
    False
    """
    if not 2 <= len(word) <= 6 or not word.isascii():
        return False
    if len(word) <= 5 and not re.search(r"[aeiouy]", word.lower()):
        return True
    if any(c.isdigit() for c in word):
        return True
    letters = word.lower().removesuffix("s")
    for other in family:
        initials = "".join(part[0] for part in re.findall(r"[^\W\d_]+", other.lower()))
        if (
            len(initials) > 1
            and _in_order(letters, other.lower())
            and letters[0] in initials
            and (sum(c in initials for c in letters) >= len(letters) - 1)
        ):
            return True
    return False


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


_MEDICAL_WORD = re.compile(
    r"(?:itis|osis|oses|emia|uria|pathy|algia|oma|omas|mia|nia|sia|tia|xia|ria|pnea|rrhea|rrhage|plegia|paresis|"
    r"ectasis|cele|lithiasis|ism|phobia|spasm|trophy|edema|penia|megaly|sclerosis|stenosis|dermia|kinesia|iasis)s?$"
)


def is_name(words: tuple[str, ...], alone: bool = True) -> bool:
    """When called, it will tell whether the words can name something in a note rather than be a code or a fragment.

    Examples
    --------
    >>> is_name(("combined",), alone=False), is_name(("bronchiectasis",), alone=False), is_name(("t", "7"))
    (False, True, False)
    """
    visible = folded(words)
    if not 0 < len(visible) <= LONGEST:
        return False
    if len(visible) == 1:
        word = visible[0]
        return len(word) >= 4 and word.isalpha() and (alone or bool(_MEDICAL_WORD.search(words[0].casefold())))
    return any(len(word) >= 4 and word.isalpha() for word in visible)


def folded(words: tuple[str, ...]) -> tuple[str, ...]:
    """When called, it will give the words as the lexicon compares them: skipped ones gone, the others normalised."""
    return tuple(normalised(word) for word in words if token_key(word) != SKIP)
