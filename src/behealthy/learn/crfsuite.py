"""Train with CRFsuite, and read its model files exactly.

CRFsuite's own dump rounds weights to six decimals, too coarse for marginals to 1e-6, so the model file is read as it
is: a header, a table of features with double weights, and two constant databases (CQDB) that name labels and
attributes (Okazaki, CRFsuite 0.12, ``crf1d_model.c`` and ``cqdb.c``).
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pycrfsuite

from behealthy.errors import ForeignBundle
from behealthy.extract.features import WIDEST, radius
from behealthy.extract.lattice import FloatArray, IntArray
from behealthy.extract.tagger import Head, Weights, blocks_from
from behealthy.learn.dataset import Dataset, attribute_counts, label_names

if TYPE_CHECKING:
    from behealthy.learn.crf import Progress, Recipe

_FEATURE = np.dtype([("type", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")])


def items(dataset: Dataset, fewest: int = 1) -> Iterator[list[list[str]]]:
    """The sentences as CRFsuite wants them: for each token its attributes as ``offset|attribute``.

    Attributes that the data set has less often than `fewest` are left out.
    """
    by_stream = []
    for symbols, attributes in zip(dataset.symbols, dataset.attributes, strict=True):
        counts = attribute_counts(symbols, attributes)
        by_stream.append([[(a, radius(a)) for a in own if counts[a] >= fewest] for own in attributes])
    at = 0
    for length in dataset.batch.lengths.tolist():
        sentence = []
        for p in dataset.batch.positions[at : at + length].tolist():
            token: list[str] = []
            for symbols, kept in zip(dataset.symbols, by_stream, strict=True):
                for k in range(-WIDEST, WIDEST + 1):
                    token += [f"{k:+d}|{a}" for a, r in kept[symbols[p + k]] if abs(k) <= r]
            sentence.append(token)
        yield sentence
        at += length


def train(dataset: Dataset, labels: IntArray, recipe: Recipe, progress: Progress | None = None) -> Weights:
    """Fit with CRFsuite's L-BFGS and give the weights of its model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.crfsuite"
        train_file(path, dataset, labels, recipe, progress)
        return read_model(path, lean=recipe.lean)


def train_file(
    path: Path, dataset: Dataset, labels: IntArray, recipe: Recipe, progress: Progress | None = None
) -> None:
    """Fit with CRFsuite's L-BFGS and leave its own model file at `path`."""
    names = label_names(recipe.types, recipe.scheme)
    trainer = _Trainer(progress)
    at = 0
    for sentence in items(dataset, recipe.fewest):
        trainer.append(pycrfsuite.ItemSequence(sentence), [names[i] for i in labels[at : at + len(sentence)].tolist()])
        at += len(sentence)
    trainer.set_params({"c1": 0.0, "c2": recipe.l2 / 2, "max_iterations": recipe.iterations})
    trainer.train(str(path))


class _Trainer(pycrfsuite.Trainer):  # type: ignore[misc]
    """Report each iteration's loss instead of printing CRFsuite's log."""

    def __init__(self, progress: Progress | None) -> None:
        super().__init__(verbose=True)
        self._progress = progress

    def on_iteration(self, log: str, info: dict[str, float]) -> None:  # noqa: ARG002 (CRFsuite's own signature)
        if self._progress is not None:
            self._progress(int(info["num"]), float(info["loss"]))

    def _quiet(self, *_event: object) -> None:
        """The other events of a run say nothing that is worth a line."""

    on_start = on_featgen_progress = on_featgen_end = on_prepared = on_optimization_end = on_end = _quiet


def read_model(path: Path, *, lean: float = 0.0) -> Weights:
    """Read a CRFsuite model file whose attributes are named ``offset|attribute``.

    Raises
    ------
    ForeignBundle
        When the file is not a CRFsuite model, or its attributes carry no offset.
    """
    raw = path.read_bytes()
    if raw[:4] != b"lCRF" or len(raw) < 48:
        raise ForeignBundle(path, "not a CRFsuite model")
    _, _, _, _, _, _, _, at_features, at_labels, at_attributes, _, _ = struct.unpack_from("<4sI4sIIIIIIIII", raw)
    labels = _names(raw, at_labels)
    attributes = _names(raw, at_attributes)
    (count,) = struct.unpack_from("<I", raw, at_features + 8)
    features = np.frombuffer(raw, _FEATURE, count, at_features + 12)
    order = sorted(range(len(labels)), key=lambda i: (labels[i] != "O", i))
    place = np.argsort(order)
    transitions = np.zeros((len(labels), len(labels)))
    moves = features[features["type"] == 1]
    transitions[place[moves["source"]], place[moves["target"]]] = moves["weight"]
    states = features[features["type"] == 0]
    columns = np.zeros((len(attributes), len(labels)))
    columns[states["source"], place[states["target"]]] = states["weight"]
    weights = _by_offset(path, attributes, columns)
    head = Head(tuple(labels[i] for i in order), transitions, lean)
    return Weights((head,), blocks_from(weights, len(labels)))


def _by_offset(path: Path, attributes: Sequence[str], columns: FloatArray) -> dict[tuple[int, str], FloatArray]:
    out = {}
    for name, row in zip(attributes, columns, strict=True):
        offset, bar, attribute = name.partition("|")
        try:
            if not bar:
                raise ValueError
            out[int(offset), attribute] = row
        except ValueError as exc:
            raise ForeignBundle(path, f"attribute {name[:40]!r} does not begin with an offset and '|'") from exc
    return out


def _names(raw: bytes, at: int) -> list[str]:
    """The strings of a CQDB by number, through its backward array."""
    magic, _, _, _, size, backward = struct.unpack_from("<4sIIIII", raw, at)
    if magic != b"CQDB":
        raise ForeignBundle("CRFsuite model", "its database of names is not a CQDB")
    out = []
    for offset in struct.unpack_from(f"<{size}I", raw, at + backward):
        _, length = struct.unpack_from("<II", raw, at + offset)
        out.append(raw[at + offset + 8 : at + offset + 8 + length].rstrip(b"\0").decode())
    return out
