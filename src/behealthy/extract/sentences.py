"""Where sentences begin, in text as doctors write it: bullet lists, wrapped lines, missing full stops.

All decisions are comparisons of neighbouring flags, so a batch of notes costs a handful of array operations.
A sentence here is the unit that the tagger sees at once; cutting a little too often costs less than too rarely.
"""

from __future__ import annotations

import numpy as np

from behealthy.extract.tokens import (
    ABBREVIATION,
    BLANK,
    BULLET,
    CAPS,
    CLOSER,
    COLON,
    DIGIT,
    DOTTED,
    LOWER,
    NEWLINE,
    TERMINATOR,
    UPPER,
    BoolArray,
    IntArray,
    Tokens,
)

LONGEST_SENTENCE = 300  # tokens; a line without any stop is cut there so that time stays linear
_WRAPPED = 55  # code points; a line this long that goes on in lower case was wrapped, not ended


def sentence_starts(flags: IntArray, gaps: IntArray, starts: IntArray) -> BoolArray:
    """Tell which tokens begin a sentence.

    Parameters
    ----------
    flags, gaps, starts : int64 arrays of shape (tokens,)
        Flags of each token, flags of the white space before it, and its first code point.

    Returns
    -------
    bool array of shape (tokens,)
    """
    n = len(flags)
    begins = np.zeros(n, np.bool_)
    if n == 0:
        return begins
    begins[0] = True
    if n == 1:
        return begins
    before, here, gap = flags[:-1], flags[1:], gaps[1:]
    before2 = np.concatenate([[0], flags[:-2]])

    def has(x: IntArray, what: int) -> BoolArray:
        return (x & what) != 0

    # A full stop, also one behind a closing bracket or quote, or inside "b.i.d.".
    abbreviated = has(before2, ABBREVIATION)
    stop = has(before, TERMINATOR) & ~abbreviated
    closed = has(before, CLOSER) & has(before2, TERMINATOR)
    spaced = gap != 0
    opens = has(here, UPPER | DIGIT | BULLET) | (here == 0)
    cut = spaced & ((stop & (opens | has(here, LOWER))) | ((closed | has(before, DOTTED)) & has(here, UPPER)))
    cut |= ~spaced & stop & has(here, UPPER) & has(before2, LOWER)  # "fever.The"

    # Line ends. How long the line was so far: distance to the last token that followed a line end.
    line = has(gaps, NEWLINE | BLANK)
    line[0] = True
    line_start = np.maximum.accumulate(np.where(line, starts, -1))
    wrapped = (starts[1:] - line_start[:-1]) >= _WRAPPED
    goes_on = wrapped & ~has(before, TERMINATOR | COLON) & ~has(here, BULLET | CAPS)
    numbered = has(here, DIGIT) & np.concatenate([has(flags[2:], TERMINATOR | CLOSER), [False]])
    goes_on &= ~numbered
    lower_tail = has(here, LOWER) & ~has(before, TERMINATOR | COLON) & ((starts[1:] - line_start[:-1]) >= _WRAPPED - 20)
    cut |= has(gap, NEWLINE) & ~goes_on & ~lower_tail
    cut |= has(gap, BLANK)
    begins[1:] = cut
    return _cap(begins)


def _cap(begins: BoolArray) -> BoolArray:
    """Cut runs longer than LONGEST_SENTENCE into pieces of that length."""
    position = np.arange(len(begins))
    since = position - np.maximum.accumulate(np.where(begins, position, 0))
    return begins | (since % LONGEST_SENTENCE == 0)


def sentences(tokens: Tokens) -> list[tuple[int, int]]:
    """Give the sentences of a text as token ranges, end exclusive.

    Examples
    --------
    >>> from behealthy.extract.tokens import tokenize
    >>> t = tokenize("Seen by Dr. Gray for SOB. No fever\\n- aspirin b.i.d.\\n- rest")
    >>> [t.text[t.starts[a]:t.ends[b - 1]] for a, b in sentences(t)]
    ['Seen by Dr. Gray for SOB.', 'No fever', '- aspirin b.i.d.', '- rest']
    """
    if not len(tokens):
        return []
    flags = tokens.vocabulary.facts[1][tokens.ids]
    firsts = np.flatnonzero(sentence_starts(flags, tokens.gaps, tokens.starts)).tolist()
    return list(zip(firsts, [*firsts[1:], len(tokens)], strict=True))
