"""A folder is whole or refused, whatever happens to its files or to its writer."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behealthy.errors import BundleError, DamagedBundle, ForeignBundle, NewerBundle
from behealthy.registry import folder as module
from behealthy.registry.folder import MANIFEST, read_folder, write_folder

ARRAYS = {"weights": np.arange(12, dtype=np.float32).reshape(3, 4), "keys": np.array([1, 2**63], np.uint64)}
TEXTS = {"labels": ["O", "B-DISEASE", ""], "none": []}
META = {"threshold": 0.25, "name": "größe", "nested": {"a": [1, None, True]}}


def filled(path: Path, **changes: Any) -> Path:
    given: dict[str, Any] = {"kind": "tagger", "arrays": ARRAYS, "meta": META, "texts": TEXTS} | changes
    write_folder(path, **given)
    return path


def snapshot(path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in path.iterdir()}


def resealed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest as somebody would who knows how it is sealed."""
    manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    del manifest["seal"]
    change(manifest)
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (path / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    read = read_folder(filled(tmp_path / "m"), "tagger")
    assert read.meta == META
    assert read.texts == {"labels": ("O", "B-DISEASE", ""), "none": ()}
    assert set(read.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert read.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(read.arrays[name], array)


@given(
    array=hnp.arrays(
        st.sampled_from([np.int8, np.uint64, np.float32, np.bool_, np.dtype("<U5")]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    strings=st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))),
)
def test_any_array_and_strings_come_back(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, strings: list[str]
) -> None:
    path = filled(tmp_path_factory.mktemp("any") / "m", arrays={"a": array}, texts={"t": strings})
    read = read_folder(path, "tagger")
    np.testing.assert_array_equal(read.arrays["a"], array)
    assert (read.arrays["a"].dtype, read.arrays["a"].shape) == (array.dtype, array.shape)
    assert list(read.texts["t"]) == strings


def test_same_content_same_bytes(tmp_path: Path) -> None:
    one = filled(tmp_path / "one")
    two = filled(tmp_path / "two", arrays=dict(reversed(ARRAYS.items())), meta=dict(reversed(META.items())))
    assert snapshot(one) == snapshot(two)


@pytest.mark.parametrize(
    "changes",
    [
        {"arrays": {"a": np.array([{}], dtype=object)}},
        {"texts": {"t": ["one\ntwo"]}},
        {"texts": {"t": ["\ud800"]}},
        {"arrays": {"../a": np.zeros(1)}},
        {"arrays": {"": np.zeros(1)}},
        {"texts": {"a.b": []}},
        {"meta": {"x": float("nan")}},
        {"meta": {"x": object()}},
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        filled(tmp_path / "m", **changes)
    assert list(tmp_path.iterdir()) == []


def test_not_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("hello")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / MANIFEST).write_text('{"name": "web app"}')
    for name in ("away", "empty", "file", "foreign"):
        with pytest.raises(ForeignBundle, match=name):
            read_folder(tmp_path / name, "tagger")
    with pytest.raises(ForeignBundle, match="'tagger', not 'lexicon'"):
        read_folder(filled(tmp_path / "m"), "lexicon")


def test_a_later_version_is_told_apart_from_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "m")
    resealed(path, lambda m: m.update(format_version=2, written_by="9.0", files="elsewhere"))
    with pytest.raises(NewerBundle, match=r"format 2, written by behealthy 9\.0"):
        read_folder(path, "tagger")


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"format": "behealthy-folder"}', "\xff", "[" * 100_000])
def test_broken_manifests(tmp_path: Path, text: str) -> None:
    path = filled(tmp_path / "m")
    (path / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedBundle, match=MANIFEST):
        read_folder(path, "tagger")


@pytest.mark.parametrize(
    "name", ["../outside.npy", "/etc/x.npy", "a/b.npy", "..", "weights.pkl", "manifest.json", "C:x.npy"]
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "m")
    shutil.copy(path / "weights.npy", tmp_path / "outside.npy")
    resealed(path, lambda m: m["files"].update({name: m["files"]["weights.npy"]}))
    with pytest.raises(DamagedBundle, match="not a plain file"):
        read_folder(path, "tagger")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("files"),
        lambda m: m.update(meta=[]),
        lambda m: m["files"].update({"weights.npy": 7}),
        lambda m: m["files"]["labels.txt"].pop("count"),
        lambda m: m["files"]["labels.txt"].update(count=2),
        lambda m: m["files"]["weights.npy"].update(size="12"),
    ],
)
def test_manifests_of_the_wrong_shape(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = filled(tmp_path / "m")
    resealed(path, change)
    with pytest.raises(DamagedBundle):
        read_folder(path, "tagger")


@pytest.mark.parametrize("name", [*(f"{n}.npy" for n in ARRAYS), "labels.txt", MANIFEST])
def test_every_cut_every_flip_and_absence_is_seen(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "m")
    whole = (path / name).read_bytes()
    for at in sorted({0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 2}):
        (path / name).write_bytes(whole[:at])
        with pytest.raises(DamagedBundle):
            read_folder(path, "tagger")
        with pytest.raises(DamagedBundle):  # also without hashing: sizes are always compared
            read_folder(path, "tagger", verify=False)
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        (path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :])
        try:
            read = read_folder(path, "tagger")
        except BundleError:
            continue
        assert name == MANIFEST  # a changed space between two facts changes nothing
        assert read.meta == META
    (path / name).write_bytes(whole + b"x")
    with pytest.raises(DamagedBundle):
        read_folder(path, "tagger")
    (path / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_folder(path, "tagger")


def test_a_pickle_in_disguise_is_not_loaded(tmp_path: Path) -> None:
    path = filled(tmp_path / "m")
    with (path / "weights.npy").open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    raw = (path / "weights.npy").read_bytes()
    facts = {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    resealed(path, lambda m: m["files"].update({"weights.npy": facts}))
    with pytest.raises(DamagedBundle, match="weights"):
        read_folder(path, "tagger")


class Killed(BaseException):
    """The process ends here."""


def die_at(monkeypatch: pytest.MonkeyPatch, step: int, clean_up: bool) -> None:
    """Let the writer end at its n-th call to the disk; without ``clean_up`` nothing after it runs, as after a kill."""
    calls = 0

    def guard(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > step and not clean_up:
                raise Killed
            if calls == step:
                raise Killed
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(os, "fsync", guard(os.fsync))
    monkeypatch.setattr(Path, "rename", guard(Path.rename))
    monkeypatch.setattr(Path, "open", guard(Path.open))
    if not clean_up:
        monkeypatch.setattr(module.shutil, "rmtree", guard(shutil.rmtree))


@pytest.mark.parametrize("clean_up", [True, False])
@pytest.mark.parametrize("before", ["nothing", "old"])
def test_a_writer_that_dies_leaves_the_old_or_the_new(tmp_path: Path, before: str, clean_up: bool) -> None:
    finished = False
    for step in range(1, 40):
        path = tmp_path / str(step) / "m"
        path.parent.mkdir()
        if before == "old":
            filled(path, meta={"age": "old"})
        with pytest.MonkeyPatch.context() as patch:
            die_at(patch, step, clean_up)
            try:
                filled(path, meta={"age": "new"})
                finished = True
            except Killed:
                pass
        try:
            found = read_folder(path, "tagger").meta["age"]
        except ForeignBundle:
            found = "nothing"
        assert found in {before, "new"}, step
        if finished:
            assert found == "new"
            break
        filled(path, meta={"age": "newest"})  # and the next writer is not hindered
        assert read_folder(path, "tagger").meta["age"] == "newest"
    assert finished


def test_a_whole_write_leaves_nothing_beside_it(tmp_path: Path) -> None:
    filled(filled(tmp_path / "m"), meta={})
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_what_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    work = tmp_path / "thesis"
    work.mkdir()
    (work / "chapter.txt").write_text("years")
    for extra in (None, '{"name": "web app"}'):
        if extra:
            (work / MANIFEST).write_text(extra)
        with pytest.raises(ForeignBundle, match="not replaced"):
            filled(work)
        assert (work / "chapter.txt").read_text() == "years"
    link = tmp_path / "link"
    link.symlink_to(filled(tmp_path / "m"))
    with pytest.raises(ForeignBundle, match="link"):
        filled(link)
