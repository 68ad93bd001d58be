"""Tokens of clinical text, with exact code-point offsets, at the speed of one regular expression and one gather.

A text is cut into *pieces* that cover it without a gap (white space is a piece too), so that offsets are a running
sum of lengths. Distinct pieces are numbered once by a `Vocabulary`; everything that depends on the piece alone
(length, shape, and later the tagger's weights) is computed once a piece and looked up by number.

This module refuses to know what a token means: sentences, features and dictionaries live next door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Fine cuts on purpose: an entity of any corpus should begin and end between two of our tokens. Order matters.
PIECES = re.compile(
    r"""
      \s+                                              # white space, kept as a piece
    | \[\*\*[^\]\n]{0,80}\*\*\]                        # [**2101-3-4**]
    | \*\*[A-Z]++(?:-[A-Z]++)*(?:\[[^\]\n]{0,40}\]|(?![^\W_]|\*\*|-[A-Z]))   # **NAME[AAA], **INSTITUTION, not **bold**
    | (?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?            # b.i.d.  U.S.  p.o.  b.i.d
    | \d++(?:[.,]\d++)+                                # 1.5  1,000, also the 1.5 of 1.5cm
    | \d++(?![^\W_])                                   # 120
    | \d++(?=(?i:m?c?g|[\u00b5\u03bcu]g|kg|gms?|[mcd]?l|iu|cc|[cm]m|meq|mmol|mmhg|bpm|units?|tabs?|hrs?|mins?|wks?|mos?
        |y[ro]s?|lbs?|[ap]m)\b)                        # the 500 of 500mg, but 2nd and 3D stay whole
    | [^\W_][^\W_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W_]*)*     # words, T2DM, CD4, with combining accents
    | ['\u2019](?i:s|t|re|ve|ll|d|m)\b                 # 's  't
    | [^\w\s]                                          # any other sign alone
    | .                                                # underscores and what else is left
    """,
    re.VERBOSE | re.DOTALL,
)

SPACE = 1
NEWLINE = 2  # white space with one line end
BLANK = 4  # white space with an empty line
TERMINATOR = 8  # . ! ?
UPPER = 16  # begins with an upper-case letter
LOWER = 32  # begins with a lower-case letter
DIGIT = 64  # begins with a digit
BULLET = 128  # - * • and the like
CLOSER = 256  # ) ] " ’
ABBREVIATION = 512  # a full stop after it never ends a sentence: Dr.
COLON = 1024
CAPS = 2048  # two or more letters, all upper-case
DOTTED = 4096  # b.i.d. : carries its own full stop
SHORTENED = 8192  # a full stop after it ends a sentence only where the next begins with a capital: abd.
INITIAL = 16384  # a capital alone: J. Gray, E. coli
LETTERED = 32768  # words that a capital alone may follow: vitamin D
QUESTION = 65536
JOINER = 131072  # signs that no sentence begins with
ITEM = 262144  # one or two digits, as before the full stop of a numbered list

# As written: MS, ST, VS and PT are something else.
_ABBREVIATIONS = frozenset(
    "dr Dr DR mr Mr MR mrs Mrs MRS ms Ms prof Prof st St vs Vs approx Approx fig Fig figs Figs cf viz esp Ph".split()
)
_SHORTENED = frozenset(
    "no nos sr jr al etc inc dept appt hosp vol resp temp wt ht ca pt pts q po iv im sc sq hx dx rx tx abd ext neuro "
    "gen pulm bilat mod min max rt lt ant post inf sup lat med tab tabs cap caps inj susp sol yr yrs mo mos wk "
    "wks hr hrs mins sec lb lbs oz w c s incl reg freq occ prev eval exam vag rec".split()
)
_LETTERED = frozenset(
    "hepatitis vitamin group type grade stage class factor influenza hemophilia haemophilia child pugh part option "
    "protein phase plan level team pod complex".split()
)
_BULLETS = frozenset("-*•·–—▪■●○◦◆>+#o‣➢✓→\uf0b7")
_CLOSERS = frozenset(")]}\"'”’»")
_JOINERS = frozenset(",;:/%&=.")
_LONG = 50  # characters of a piece in the mean, from which a cache is full before it has as many as it may
_NOTHING = np.zeros(0, np.int64)
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")


class Vocabulary(dict[str, int]):
    """Number distinct pieces and keep the facts that depend on the piece alone.

    A bounded cache: `forget_if_full` starts a new one, and `epoch` tells others who keep rows by number that theirs
    are void.

    Attributes
    ----------
    words : list of str
        Piece by number. Number 0 is the empty piece, which stands for "no token".
    epoch : int
        How often the numbering began anew.
    """

    def __init__(self, limit: int = 200_000) -> None:
        super().__init__()
        self.limit = limit
        self.epoch = 0
        self._reset()

    def _reset(self) -> None:
        self.clear()
        self.words: list[str] = [""]
        self[""] = 0
        self._lengths: list[int] = [0]
        self._flags: list[int] = [0]
        self._characters = 0
        self._arrays = (np.zeros(1, np.int64), np.zeros(1, np.int64))
        self._told: dict[Callable[[str], int], IntArray] = {}

    def __missing__(self, piece: str) -> int:
        number = len(self.words)
        self[piece] = number
        self.words.append(piece)
        self._lengths.append(len(piece))
        self._characters += len(piece)
        self._flags.append(piece_flags(piece))
        return number

    def forget_if_full(self) -> None:
        """Start a new numbering once more than `limit` pieces, or very long ones, are kept; call between batches."""
        if len(self.words) > self.limit or self._characters > _LONG * self.limit:
            self.epoch += 1
            self._reset()

    @property
    def facts(self) -> tuple[IntArray, IntArray]:
        """Lengths and flags by number, int64 arrays of shape (len(words),)."""
        known = len(self._arrays[0])
        if known < len(self.words):
            lengths, flags = self._arrays
            self._arrays = (
                np.concatenate([lengths, np.array(self._lengths[known:], np.int64)]),
                np.concatenate([flags, np.array(self._flags[known:], np.int64)]),
            )
        return self._arrays

    def told(self, of: Callable[[str], int]) -> IntArray:
        """When called, it will give what a function says of each piece, which is asked once a piece.

        Returns
        -------
        int64 array of shape (len(words),)

        Examples
        --------
        >>> vocabulary = Vocabulary()
        >>> vocabulary["gout"], vocabulary.told(len).tolist()
        (1, [0, 4])
        """
        known = self._told.get(of, _NOTHING)
        if len(known) < len(self.words):
            fresh = np.array(list(map(of, self.words[len(known) :])), np.int64)
            known = self._told[of] = np.concatenate([known, fresh])
        return known


def piece_flags(piece: str) -> int:
    """Give the facts of a piece that sentence splitting asks for, as a sum of the constants above."""
    if piece.isspace():
        ends = len(_LINE_END.findall(piece))
        return SPACE | (NEWLINE if ends == 1 else BLANK if ends > 1 else 0)
    first, alone, lower = piece[0], len(piece) == 1, piece.lower()
    dotted = len(piece) > 2 and piece[-1] == "."
    facts = {
        UPPER: first.isupper() or (not alone and first in "*["),
        LOWER: first.islower(),
        DIGIT: first.isdigit(),
        TERMINATOR: piece in (".", "!", "?"),
        QUESTION: piece == "?",
        COLON: piece == ":",
        BULLET: piece in _BULLETS,
        CLOSER: piece in _CLOSERS,
        JOINER: piece in _JOINERS,
        ABBREVIATION: piece in _ABBREVIATIONS,
        SHORTENED: lower in _SHORTENED,
        LETTERED: lower in _LETTERED,
        INITIAL: alone and first.isupper(),
        CAPS: not alone and piece.isupper() and piece.isalpha(),
        DOTTED: dotted and lower not in ("i.e.", "e.g."),
        ITEM: len(piece) < 3 and piece.isdigit(),
    }
    return sum(flag for flag, holds in facts.items() if holds)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text.

    Attributes
    ----------
    text : str
    starts, ends : int64 array of shape (tokens,)
        Code points into the text, end exclusive; ``text[starts[i]:ends[i]]`` is token i.
    ids : int64 array of shape (tokens,)
        Number of each token in `vocabulary`.
    gaps : int64 array of shape (tokens,)
        Flags of the white space before each token, 0 where there is none.
    """

    text: str
    starts: IntArray
    ends: IntArray
    ids: IntArray
    gaps: IntArray
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[str]:
        words = self.vocabulary.words
        return (words[i] for i in self.ids.tolist())


def tokenize(text: str, vocabulary: Vocabulary | None = None) -> Tokens:
    """Cut a text into tokens.

    Examples
    --------
    >>> list(tokenize("Pt c/o SOB, aspirin 2/3 tabs b.i.d."))
    ['Pt', 'c', '/', 'o', 'SOB', ',', 'aspirin', '2', '/', '3', 'tabs', 'b.i.d.']
    """
    vocabulary = Vocabulary() if vocabulary is None else vocabulary
    ids = np.array(list(map(vocabulary.__getitem__, PIECES.findall(text))), np.int64)
    lengths, flags = vocabulary.facts
    return _tokens(text, ids, lengths, flags, vocabulary)


def _tokens(text: str, ids: IntArray, lengths: IntArray, flags: IntArray, vocabulary: Vocabulary) -> Tokens:
    ends = np.cumsum(lengths[ids])
    kind = flags[ids]
    is_token = (kind & SPACE) == 0
    before = np.zeros(len(ids), np.int64)
    before[1:] = kind[:-1]
    before[(before & SPACE) == 0] = 0
    token_ids = ids[is_token]
    token_ends = ends[is_token]
    return Tokens(text, token_ends - lengths[token_ids], token_ends, token_ids, before[is_token], vocabulary)
