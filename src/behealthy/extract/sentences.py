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
    INITIAL,
    ITEM,
    JOINER,
    LETTERED,
    LOWER,
    NEWLINE,
    QUESTION,
    SHORTENED,
    SPACE,
    TERMINATOR,
    UPPER,
    BoolArray,
    IntArray,
    Tokens,
)

LONGEST_SENTENCE = 300  # tokens; a line without any stop is cut there so that time stays linear
_WRAPPED = 55  # code points; a line this long without a stop was wrapped, not ended
_WRAPPED_LOWER = 35  # the same, where the next goes on in lower case
_WORD_TAIL = 5  # code points of a word behind its first token: a bracket and a comma, a hyphen and more
_WIDEST_PAGE = 140  # code points; nobody wraps later


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
    begins = np.zeros(len(flags), np.bool_)
    if len(flags) == 0:
        return begins
    gaps = np.concatenate([[SPACE | BLANK], gaps[1:]])
    begins[0] = True
    begins[1:] = _after_stop(flags, gaps) | _at_line_end(flags, gaps, starts)
    # The stop of "2. Gout" belongs to the number, as long as both stand on its line.
    first = begins | np.concatenate([[False], begins[:-1] & has(flags[:-1], BULLET)])
    same_line = ~has(gaps[1:-1] | gaps[2:], NEWLINE | BLANK)
    begins[2:] &= ~(first[:-2] & has(flags[:-2], ITEM) & has(flags[1:-1], TERMINATOR) & same_line)
    return _cap(begins)


def has(x: IntArray, what: int) -> BoolArray:
    """Tell where any of the flags is set."""
    found: BoolArray = (x & what) != 0
    return found


def _shifted(flags: IntArray, gaps: IntArray, by: int) -> IntArray:
    """Give the flags of the token `by` places behind each, 0 beyond an empty line or the text's edge.

    Looking across an empty line would make a sentence depend on the note before it.
    """
    out = flags
    for _ in range(by):
        out = np.concatenate([np.zeros(1, np.int64), np.where(has(gaps[1:], BLANK), 0, out[:-1])])
    return out


def _ahead(flags: IntArray, gaps: IntArray, here: IntArray, by: int) -> IntArray:
    """Give the flags of the token `by` places ahead of those at `here`, 0 beyond an empty line or the text's edge."""
    flags = np.append(flags, np.zeros(by, np.int64))
    gaps = np.append(gaps, np.full(by, BLANK))
    apart = np.zeros(len(here), np.bool_)
    for step in range(1, by + 1):
        apart |= has(gaps[here + step], BLANK)
    return np.where(apart, 0, flags[here + by])


def _after_stop(flags: IntArray, gaps: IntArray) -> BoolArray:
    """Tell which tokens but the first follow a full stop, also one behind a closing bracket or inside "b.i.d."."""
    before, here, gap = flags[:-1], flags[1:], gaps[1:]
    before2, before3 = _shifted(flags, gaps, 2)[1:], _shifted(flags, gaps, 3)[1:]
    spaced = gap != 0
    upper = has(here, UPPER)
    name = has(before2, INITIAL) & ~has(before3, LETTERED)  # J. Gray, E. coli
    suspected = has(before, QUESTION) & (gaps[:-1] != 0)  # ?PE
    stop = has(before, TERMINATOR) & ~suspected & ~name & ~has(before2, ABBREVIATION)
    stop &= upper | ~has(before2, SHORTENED)
    closed = has(before, CLOSER) & has(before2, TERMINATOR)
    cut: BoolArray = spaced & ((stop & ~has(here, JOINER)) | ((closed | has(before, DOTTED)) & upper))
    glued = np.flatnonzero(~spaced & stop)  # "fever.The", "fever.2. Cough"
    numbered = has(here[glued], ITEM) & has(_ahead(flags, gaps, glued + 1, 1), TERMINATOR)
    cut[glued] |= upper[glued] | (numbered & has(before2[glued], LOWER | CAPS))
    return cut


def _at_line_end(flags: IntArray, gaps: IntArray, starts: IntArray) -> BoolArray:
    """Tell which tokens but the first follow an empty line, or a line end that was not put there by wrapping.

    A line was wrapped if its next word would not have fitted into the longest line of its paragraph.
    """
    cut = has(gaps, BLANK)
    here = np.flatnonzero(has(gaps, NEWLINE))
    if not len(here):
        return cut[1:]
    flags_ahead = [_ahead(flags, gaps, here, by) for by in (1, 2, 3)]
    what = flags[here]
    alone = has(np.append(gaps, BLANK)[here + 1], NEWLINE | BLANK)
    heading = has(what, UPPER) & has(flags_ahead[1] | flags_ahead[2], COLON)
    heading |= has(flags_ahead[0], COLON) | has(what, CAPS) & (has(flags_ahead[0], CAPS) | alone)

    so_far = starts - np.maximum.accumulate(np.where(has(gaps, NEWLINE | BLANK), starts, -1))
    length = so_far[here - 1] + starts[here] - starts[here - 1]
    word = np.where(alone, 1, np.append(starts, 0)[here + 1] - starts[here])
    paragraph = np.cumsum(cut)[here] - 1
    first = np.flatnonzero(np.diff(paragraph, prepend=-1))
    longest = np.maximum.reduceat(length, first)
    last = np.append(np.flatnonzero(cut)[1:], len(flags)) - 1  # token of each paragraph
    longest = np.maximum(longest, so_far[last][paragraph[first]])
    longest = np.repeat(longest, np.diff(first, append=len(here)))
    wrapped = (length + word + _WORD_TAIL >= longest) & (longest <= _WIDEST_PAGE)
    wrapped &= length >= np.where(has(what, LOWER), _WRAPPED_LOWER, _WRAPPED)
    numbered = has(what, DIGIT) & has(flags_ahead[0], TERMINATOR | CLOSER)
    ended = has(flags[here - 1], TERMINATOR) | has(what, BULLET) | numbered | heading
    ended |= has(flags[here - 1], COLON) & (length < _WRAPPED)
    cut[here] = ended | ~wrapped
    return cut[1:]


def _cap(begins: BoolArray) -> BoolArray:
    """Cut runs longer than LONGEST_SENTENCE into pieces of that length."""
    position = np.arange(len(begins))
    since = position - np.maximum.accumulate(np.where(begins, position, 0))
    capped: BoolArray = begins | (since % LONGEST_SENTENCE == 0)
    return capped


def sentences(tokens: Tokens) -> list[tuple[int, int]]:
    """Give the sentences of a text as token ranges, end exclusive.

    Examples
    --------
    >>> from behealthy.extract.tokens import tokenize
    >>> t = tokenize("Seen by Dr. Gray for SOB. No fever\\n- aspirin b.i.d.\\n- rest")
    >>> [t.text[t.starts[a] : t.ends[b - 1]] for a, b in sentences(t)]
    ['Seen by Dr. Gray for SOB.', 'No fever', '- aspirin b.i.d.', '- rest']
    """
    if not len(tokens):
        return []
    flags = tokens.vocabulary.facts[1][tokens.ids]
    firsts = np.flatnonzero(sentence_starts(flags, tokens.gaps, tokens.starts)).tolist()
    return list(zip(firsts, [*firsts[1:], len(tokens)], strict=True))
