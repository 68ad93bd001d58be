"""Bytes as text."""

from pathlib import Path

import pytest

from behealthy.data.text import read_text, split_lines, write_text
from behealthy.errors import FormatError, UnreadableFile


def put(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(data)
    return path


def test_line_ends_and_separators_stay_as_they_are(tmp_path: Path) -> None:
    text = "a\r\nb\rc\n\x0cd\u2028e\x85f"
    assert read_text(put(tmp_path, text.encode())) == (text, None)
    assert split_lines(text) == ["a", "b\rc", "\x0cd\u2028e\x85f"]


def test_sound_utf8_lines_survive_a_broken_one(tmp_path: Path) -> None:
    text, notice = read_text(put(tmp_path, "naïve\n".encode() + b"caf\xe9 \x81\n" + "Müller".encode()))
    assert text == "naïve\ncafé \x81\nMüller"
    assert notice == "1 line is not UTF-8 (first: line 2); read as Windows-1252"


def test_windows_quotes_are_understood(tmp_path: Path) -> None:
    assert read_text(put(tmp_path, b"\x93fever\x94"))[0] == "“fever”"


def test_utf16_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="UTF-16"):
        read_text(put(tmp_path, "fever".encode("utf-16")))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_text(tmp_path)


@pytest.mark.parametrize("text", ["", "\ufefffever", "a\r\nb\r", "\U0001f600"])
def test_what_is_written_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "note.txt"
    write_text(path, text)
    assert read_text(path) == (text, None)
    assert [p.name for p in path.parent.iterdir()] == ["note.txt"]


def test_a_nul_is_not_written_and_the_old_file_stays(tmp_path: Path) -> None:
    path = put(tmp_path, b"old")
    with pytest.raises(FormatError, match="NUL at code point 1"):
        write_text(path, "a\0b")
    assert path.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    put(tmp_path, b"")
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_text(tmp_path / "note.txt" / "x", "text")
