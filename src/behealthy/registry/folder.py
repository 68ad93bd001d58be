"""A folder of arrays, string lists and facts that is whole or refused: how models and dictionaries lie on disk.

One ``.npy`` for each array, one UTF-8 file for each list of strings, and ``manifest.json``, written last, with the size
and SHA-256 of every file. The same content always gives the same bytes. This module knows nothing of what a folder
means; it refuses pickles, names that lead elsewhere, and to replace a folder that is not one of ours.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.errors import DamagedBundle, ForeignBundle, NewerBundle

FORMAT = "behealthy-folder"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

# A name can only be a plain file in the folder itself: no separators, no dots that climb, no devices.
_FILE_NAME = re.compile(r"[a-z][a-z0-9_]*\.(npy|txt)")


@dataclass(frozen=True, slots=True)
class Folder:
    """What one folder holds: arrays and string lists by name, the facts its writer gave, and its seal.

    The seal is a hash over the manifest, which hashes every file: equal seals mean equal folders.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    texts: Mapping[str, tuple[str, ...]]
    meta: Mapping[str, Any]
    seal: str


def write_folder(
    path: Path,
    kind: str,
    arrays: Mapping[str, npt.NDArray[Any]],
    meta: Mapping[str, Any],
    texts: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """When called, it will put a whole folder at ``path``, or leave what was there untouched.

    The files are written and flushed in a temporary folder beside ``path`` that is then renamed. A folder of ours that
    is already there steps aside first; should the process die between the two renames, `read_folder` finds it there.

    Raises
    ------
    ValueError
        When a name, array, string or fact cannot be stored.
    ForeignBundle
        When something that is not a folder of this format is at ``path``.
    OSError
        When the disk refuses.
    """
    contents = _encode(arrays, texts or {})
    contents[MANIFEST] = _manifest(kind, contents, meta, {f"{n}.txt": len(t) for n, t in (texts or {}).items()})
    refuse_foreign_target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent))
    try:
        for name, content in contents.items():
            with (fresh / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        fresh.chmod(0o755)  # mkdtemp makes it private to the writer; readers may be others
        _flush_directory(fresh)
        put(fresh, path)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def read_folder(path: Path, kind: str, *, verify: bool = True) -> Folder:
    """When called, it will read the folder at ``path`` into memory; ``verify=False`` skips the hashes, not the sizes.

    Raises
    ------
    ForeignBundle
        When there is no folder of this format, or it is of another kind.
    NewerBundle
        When a later version of this package wrote it.
    DamagedBundle
        When a file is missing, cut, changed or unreadable, or the manifest is.
    """
    place = path if path.exists() or not aside(path).exists() else aside(path)
    manifest = _read_manifest(place, kind)
    arrays: dict[str, npt.NDArray[Any]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name, facts in sorted(manifest["files"].items()):
        content = _read_file(place, name, facts, verify)
        stem = name[:-4]
        try:
            if name.endswith(".npy"):
                arrays[stem] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
            else:
                strings = content.decode("utf-8").split("\n") if facts["count"] else []
                if len(strings) != facts["count"]:
                    raise ValueError(f"{len(strings)} strings where {facts['count']} were written")
                texts[stem] = tuple(strings)
        except (ValueError, EOFError) as exc:
            raise DamagedBundle(place, f"{name} is not readable: {exc}") from exc
    return Folder(arrays, texts, manifest["meta"], manifest["seal"])


def _encode(arrays: Mapping[str, npt.NDArray[Any]], texts: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for name, array in sorted(arrays.items()):
        if array.dtype.hasobject:
            raise ValueError(f"array {name!r} holds Python objects; only plain numbers and fixed strings are stored")
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
        contents[f"{name}.npy"] = buffer.getvalue()
    for name, strings in sorted(texts.items()):
        for i, string in enumerate(strings):
            if "\n" in string:
                raise ValueError(f"string {i} of list {name!r} contains a newline")
        contents[f"{name}.txt"] = "\n".join(strings).encode("utf-8")
    bad = [n for n in contents if not _FILE_NAME.fullmatch(n)]
    if bad:
        raise ValueError(f"names must match [a-z][a-z0-9_]*: {', '.join(n[:-4] for n in bad)}")
    return contents


def _manifest(kind: str, contents: Mapping[str, bytes], meta: Mapping[str, Any], counts: Mapping[str, int]) -> bytes:
    files: dict[str, dict[str, Any]] = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    }
    for name, count in counts.items():
        files[name]["count"] = count
    try:
        written_by = metadata.version("behealthy")
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        written_by = "unknown"
    body = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "written_by": written_by,
        "files": files,
        "meta": dict(meta),
    }
    try:
        sealed = body | {"seal": _seal(body)}
        text = json.dumps(sealed, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    except TypeError as exc:
        raise ValueError(f"the facts of {kind} cannot be written as JSON: {exc}") from exc
    return text.encode("utf-8") + b"\n"


def _seal(body: Mapping[str, Any]) -> str:
    """Give the hash of the manifest's own content, so that a changed fact is seen as well as a changed file."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read_manifest(path: Path, kind: str) -> dict[str, Any]:
    try:
        raw = (path / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as exc:
        reason = f"has no {MANIFEST}; it was never finished or is not ours" if path.is_dir() else "there is no folder"
        raise ForeignBundle(path, reason) from exc
    except OSError as exc:
        raise DamagedBundle(path, f"{MANIFEST} cannot be read: {exc.strerror}") from exc
    try:
        manifest = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise DamagedBundle(path, f"{MANIFEST} is not JSON in UTF-8") from exc
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ForeignBundle(path, f"{MANIFEST} is not one of ours")
    version = manifest.get("format_version")
    if type(version) is not int or version < 1:
        raise DamagedBundle(path, f"{MANIFEST} has no usable format version")
    if version > FORMAT_VERSION:
        raise NewerBundle(
            path,
            f"has format {version}, written by behealthy {manifest.get('written_by')}; this one reads up to "
            f"{FORMAT_VERSION}",
        )
    if manifest.get("seal") != _seal({k: v for k, v in manifest.items() if k != "seal"}):
        raise DamagedBundle(path, f"{MANIFEST} was changed after it was written")
    if manifest.get("kind") != kind:
        raise ForeignBundle(path, f"is of kind {manifest.get('kind')!r}, not {kind!r}")
    return _checked(path, manifest)


def _checked(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Give the manifest back when its files and facts have the shape that the reader relies on."""
    files, meta = manifest.get("files"), manifest.get("meta")
    if not isinstance(files, dict) or not isinstance(meta, dict):
        raise DamagedBundle(path, f"{MANIFEST} does not list files and facts")
    for name, facts in files.items():
        if not _FILE_NAME.fullmatch(name):
            raise DamagedBundle(path, f"{MANIFEST} names {name!r}, which is not a plain file of this folder")
        wanted = {"size": int, "sha256": str} | ({"count": int} if name.endswith(".txt") else {})
        if not isinstance(facts, dict) or any(type(facts.get(k)) is not t for k, t in wanted.items()):
            raise DamagedBundle(path, f"{MANIFEST} lacks {', '.join(wanted)} of {name}")
    return manifest


def _read_file(path: Path, name: str, facts: Mapping[str, Any], verify: bool) -> bytes:
    try:
        content = (path / name).read_bytes()
    except FileNotFoundError as exc:
        raise DamagedBundle(path, f"{name} is missing") from exc
    except OSError as exc:
        raise DamagedBundle(path, f"{name} cannot be read: {exc.strerror}") from exc
    if len(content) != facts["size"]:
        raise DamagedBundle(path, f"{name} has {len(content)} bytes where {facts['size']} were written")
    if verify and hashlib.sha256(content).hexdigest() != facts["sha256"]:
        raise DamagedBundle(path, f"{name} was changed after it was written")
    return content


def aside(path: Path) -> Path:
    """Give the place where a folder waits while its successor takes its name."""
    return path.with_name(f".{path.name}.previous")


def refuse_foreign_target(path: Path) -> None:
    """When called, it will make sure that nothing but a folder of this format would be replaced.

    Raises
    ------
    ForeignBundle
        When there is something else at ``path``.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise ForeignBundle(path, "is a file or a link and was not replaced")
    if not path.is_dir() or not any(path.iterdir()):
        return
    manifest = path / MANIFEST
    if not manifest.is_file() or f'"{FORMAT}"'.encode() not in manifest.read_bytes():
        raise ForeignBundle(path, "holds something else and was not replaced")


def put(fresh: Path, path: Path) -> None:
    """When called, it will rename ``fresh`` to ``path``; at every instant the old or new is there or set aside.

    Raises
    ------
    OSError
        When the disk refuses; the old folder is at ``path`` then.
    """
    old = aside(path)
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)  # what a writer that died after its second rename left
        path.rename(old)
    try:
        fresh.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    _flush_directory(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _flush_directory(path: Path) -> None:
    """Make renames and new names in ``path`` durable, where the system lets a folder be flushed."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
