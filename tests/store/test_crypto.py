"""The vault: what it seals opens with its own key, in its own place, unchanged, and not otherwise."""

import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.errors import VaultError
from behealthy.store.crypto import Vault, open_vault

TEXT = "Gout of the left toe, 62-year-old."


@given(text=st.text(st.characters(codec=None)), about=st.text())
def test_what_is_sealed_opens(text: str, about: str) -> None:
    vault = Vault(b"k" * 32)
    assert vault.open(vault.seal(text, about), about) == text


@given(data=st.binary())
def test_bytes_open_as_bytes(data: bytes) -> None:
    vault = Vault(b"k" * 32)
    assert vault.open_bytes(vault.seal(data, "payload:1"), "payload:1") == data


def test_nothing_of_a_text_shows_and_no_two_seals_are_alike() -> None:
    vault = Vault(b"k" * 32)
    seals = {vault.seal(TEXT, "note:1") for _ in range(100)}
    assert len(seals) == 100
    words = [word.encode() for word in TEXT.split() if len(word) > 3]  # two or three bytes come by chance
    assert words
    assert not any(word in seal for seal in seals for word in words)


@pytest.mark.parametrize("place", range(3 + 12 + len(TEXT) + 16))
def test_any_changed_byte_is_seen(place: int) -> None:
    vault = Vault(b"k" * 32)
    sealed = bytearray(vault.seal(TEXT, "note:1"))
    sealed[place] ^= 1
    with pytest.raises(VaultError, match="note:1"):
        vault.open(bytes(sealed), "note:1")


@pytest.mark.parametrize("length", [0, 2, 3, 14, 15, 30])
def test_a_cut_seal_is_seen(length: int) -> None:
    vault = Vault(b"k" * 32)
    with pytest.raises(VaultError):
        vault.open(vault.seal(TEXT, "note:1")[:length], "note:1")


def test_another_key_does_not_open() -> None:
    with pytest.raises(VaultError, match="another key"):
        Vault(b"l" * 32).open(Vault(b"k" * 32).seal(TEXT, "note:1"), "note:1")


def test_a_seal_does_not_open_in_another_place() -> None:
    vault = Vault(b"k" * 32)
    with pytest.raises(VaultError, match="note:2"):
        vault.open(vault.seal(TEXT, "note:1"), "note:2")


def test_a_vault_and_its_errors_show_neither_key_nor_text() -> None:
    vault = Vault(b"secret key of 32 bytes, not more")
    with pytest.raises(VaultError) as caught:
        vault.open(vault.seal(TEXT, "note:1"), "note:2")
    assert "secret" not in repr(vault) + str(caught.value)
    assert "toe" not in str(caught.value)


@given(one=st.lists(st.text(), max_size=3), two=st.lists(st.text(), max_size=3))
def test_tags_are_equal_when_all_parts_are(one: list[str], two: list[str]) -> None:
    vault = Vault(b"k" * 32)
    assert (vault.tag(*one) == vault.tag(*two)) == (one == two)
    assert vault.tag(*one) != Vault(b"l" * 32).tag(*one)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_none(size: int) -> None:
    with pytest.raises(VaultError, match="32"):
        Vault(b"k" * size)


# The key file --------------------------------------------------------------------------------------------------------


def test_the_first_start_makes_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "note.key"
    sealed = open_vault(file).seal(TEXT, "note:1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_vault(file).open(sealed, "note:1") == TEXT
    assert [f.name for f in file.parent.iterdir()] == ["note.key"]


def test_a_key_that_is_away_is_not_made_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="No such file"):
        open_vault(tmp_path / "note.key", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o666])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "note.key"
    open_vault(file)
    file.chmod(mode)
    with pytest.raises(VaultError, match="chmod 600"):
        open_vault(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"behealthy-note-key-1:", b"behealthy-note-key-1:zz", b"\xff\xfe", b"an old key", b"x" * 10_000]
    + [b"behealthy-note-key-1:" + b"ab" * n for n in (31, 33)],
)
def test_a_file_that_is_no_key_is_said_so_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "note.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(VaultError, match="note key"):
        open_vault(file)
    assert file.read_bytes() == content


def test_a_folder_in_the_place_of_the_key_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "note.key").mkdir(mode=0o700)
    with pytest.raises(VaultError, match=r"note\.key"):
        open_vault(tmp_path / "note.key")


def test_a_key_whose_folder_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match=r"note\.key"):
        open_vault(tmp_path / "file" / "note.key")


START = """
import sys
from pathlib import Path
from behealthy.store.crypto import open_vault
print("there", flush=True)
for file in sys.stdin:
    print(open_vault(Path(file.rstrip("\\n"))).tag("which key"), flush=True)
"""


def test_starts_at_the_same_time_agree_on_one_key(tmp_path: Path) -> None:
    command, pipe = [sys.executable, "-c", START], subprocess.PIPE
    with ExitStack() as stack:
        starts = [stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)) for _ in range(4)]
        said = [start.stdout for start in starts if start.stdout]
        assert [out.readline() for out in said] == ["there\n"] * 4
        for round_ in range(20):
            file = tmp_path / str(round_) / "note.key"
            for start in starts:
                assert start.stdin is not None
                start.stdin.write(f"{file}\n")
                start.stdin.flush()
            tags = {out.readline().strip() for out in said}
            assert tags == {open_vault(file).tag("which key")}
            assert [f.name for f in file.parent.iterdir()] == ["note.key"]
