"""Bytes as text: the one door through which annotated files come in and go out.

Line ends are never translated, so that offsets counted by others stay true. What is not text (NUL bytes, too many
bytes, a file that is away) is refused with the file's name; what is text in an older encoding is read and said so.
This module knows nothing of formats.
"""

from __future__ import annotations

import codecs
import contextlib
from pathlib import Path

from behealthy.errors import FormatError, Problem, UnreadableFile

MAX_BYTES = 50 * 1024 * 1024

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[str, str | None]:
    """Read a file as text, exactly: no line end is changed, only a UTF-8 byte order mark is taken off.

    Lines that are not UTF-8 are read as Windows-1252, its five unused bytes as Latin-1, so one broken byte does not
    spoil the accents elsewhere in the file.

    Returns
    -------
    text : str
    notice : str or None
        What had to be assumed about the encoding; None for clean UTF-8.

    Raises
    ------
    UnreadableFile
        When the file is away or closed to us, holds more than `max_bytes`, or holds NUL bytes.
    """
    data = _read_bytes(path, max_bytes)
    try:
        return decode(data)
    except UnreadableFile as exc:
        raise UnreadableFile(f"{path}: {exc}") from exc


def decode(data: bytes) -> tuple[str, str | None]:
    """When called, it will give bytes as text, as `read_text` does.

    Raises
    ------
    UnreadableFile
        When they hold NUL bytes.
    """
    nul = data.find(b"\0")
    if nul >= 0:
        kind = "it looks like UTF-16; save it as UTF-8" if data.startswith(_UTF16_MARKS) else "it is binary, not text"
        raise UnreadableFile(f"NUL byte at offset {nul}: {kind}")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return _decode_by_line(data)


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError as exc:
        raise UnreadableFile(f"{path}: no such file") from exc
    except OSError as exc:
        raise UnreadableFile(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(data) > max_bytes:
        raise UnreadableFile(f"{path}: larger than the limit of {max_bytes} bytes")
    return data


def _decode_by_line(data: bytes) -> tuple[str, str]:
    # A line feed is the same byte in all three encodings and never part of a longer UTF-8 sequence.
    decoded: list[str] = []
    broken: list[int] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            decoded.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            broken.append(number)
            try:
                decoded.append(line.decode("cp1252"))
            except UnicodeDecodeError:
                decoded.append(line.decode("latin-1"))
    count = f"{len(broken)} line{'s are' if len(broken) > 1 else ' is'} not UTF-8"
    return "\n".join(decoded), f"{count} (first: line {broken[0]}); read as Windows-1252"


def split_lines(text: str) -> list[str]:
    r"""Cut a text at its line feeds only, without the carriage return that may stand before each.

    ``str.splitlines`` also cuts at form feeds and Unicode separators, which are part of a line in every format here.

    Examples
    --------
    >>> split_lines("a\r\nb\x0cc\n")
    ['a', 'b\x0cc', '']
    """
    return [line.removesuffix("\r") for line in text.split("\n")]


def is_written_through(path: Path) -> bool:
    """Tell whether a path is a link, a pipe or a device: putting a new file in its place would destroy it."""
    return path.is_symlink() or (path.exists() and not path.is_file())


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all; folders that lead to it are made. Links and devices are written to.

    Raises
    ------
    FormatError
        When the text holds a lone surrogate, which UTF-8 cannot carry, or a NUL, which `read_text` refuses.
    UnreadableFile
        When the place cannot be written.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as exc:
        reason = f"cannot be written: lone surrogate U+{ord(text[exc.start]):04X} at code point {exc.start}"
        raise FormatError(Problem(str(path), 0, reason)) from exc
    if "\0" in text:
        raise FormatError(Problem(str(path), 0, f"cannot be written: NUL at code point {text.index(chr(0))}"))
    if text.startswith("\ufeff"):
        data = codecs.BOM_UTF8 + data  # the first one is taken off again on reading
    partial = path.with_name(path.name + ".partial")
    try:
        if is_written_through(path):
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise UnreadableFile(f"{path}: cannot be written: {exc.strerror}") from exc
