"""Many texts laid out as one run of tokens: the form in which features, dictionaries and taggers see them.

Sentences stand one after another with `WIDEST` empty symbols between them, so that looking k tokens to the left or
right of any token is plain indexing and never sees the neighbouring sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behealthy.extract.features import WIDEST
from behealthy.extract.sentences import sentence_starts
from behealthy.extract.tokens import BLANK, PIECES, SPACE, IntArray, Vocabulary

_BETWEEN_NOTES = "\n\n"


@dataclass(frozen=True, slots=True)
class Batch:
    """The tokens of several texts, in order.

    N tokens, S sentences, P padded positions.

    Attributes
    ----------
    words : int64 array of shape (N,)
        Number of each token in the vocabulary.
    starts, ends : int64 arrays of shape (N,)
        Code points into the token's own text, end exclusive.
    note : int64 array of shape (N,)
        Index of the token's text.
    gaps : int64 array of shape (N,)
        Flags of the white space before each token, 0 where there is none; the first of a text follows a `BLANK`.
    lengths : int64 array of shape (S,)
        Tokens of each sentence.
    sentence : int64 array of shape (N,)
        Index of the token's sentence.
    positions : int64 array of shape (N,)
        Padded position of each token.
    padded : int64 array of shape (P,)
        Word numbers at padded positions, 0 between sentences.
    """

    words: IntArray
    starts: IntArray
    ends: IntArray
    note: IntArray
    gaps: IntArray
    lengths: IntArray
    sentence: IntArray
    positions: IntArray
    padded: IntArray

    def spread(self, values: IntArray) -> IntArray:
        """Lay one value a token out over the padded positions, 0 elsewhere."""
        out = np.zeros(len(self.padded), values.dtype)
        out[self.positions] = values
        return out


def lay_out(texts: Sequence[str], vocabulary: Vocabulary) -> Batch:
    """Tokenise texts, split them into sentences and lay them out; a text without tokens takes no place."""
    number = vocabulary.__getitem__
    break_id = number(_BETWEEN_NOTES)
    pieces: list[int] = []
    sizes: list[int] = []
    for text in texts:
        before = len(pieces)
        pieces.extend(map(number, PIECES.findall(text)))
        sizes.append(len(pieces) - before)
        pieces.append(break_id)
    ids = np.array(pieces, np.int64)
    lengths, flags = vocabulary.facts
    size = lengths[ids]
    note = np.repeat(np.arange(len(texts)), np.array(sizes, np.int64) + 1)
    ends = np.cumsum(size)
    bases = np.concatenate([[0], np.cumsum([len(t) + len(_BETWEEN_NOTES) for t in texts])])[note]
    kind = flags[ids]
    is_token = (kind & SPACE) == 0
    gaps = np.zeros(len(ids), np.int64)
    if len(ids):
        gaps[1:] = np.where((kind[:-1] & SPACE) != 0, kind[:-1], 0)
        first_of_note = np.concatenate([[True], note[1:] != note[:-1]])
        gaps[first_of_note] = SPACE | BLANK
    # Behind leading white space, the white space is the gap, but a new note must still begin a sentence.
    words, gaps, note, ends, bases, size = (x[is_token] for x in (ids, gaps, note, ends, bases, size))
    if len(words):
        gaps[np.concatenate([[True], note[1:] != note[:-1]])] = SPACE | BLANK
    begins = sentence_starts(flags[words], gaps, ends - size)
    sentence = np.cumsum(begins) - 1
    n_sentences = int(sentence[-1]) + 1 if len(words) else 0
    positions = np.arange(len(words)) + WIDEST * (sentence + 1)
    padded = np.zeros(len(words) + WIDEST * (n_sentences + 1), np.int64)
    padded[positions] = words
    return Batch(
        words=words,
        starts=ends - size - bases,
        ends=ends - bases,
        note=note,
        gaps=gaps,
        lengths=np.bincount(sentence, minlength=n_sentences).astype(np.int64),
        sentence=sentence,
        positions=positions,
        padded=padded,
    )
