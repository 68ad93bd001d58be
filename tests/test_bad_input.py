"""Bad input from one end to the other: the command as a process, files as they come.

Whatever comes in, the answer is one message that names the file, the line and the reason, an exit code that a script
can rely on (0 good, 1 failed, 2 wrong call, 3 something was left out), never a traceback, and never text of a note.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import behealthy
from behealthy.cli.terminal import json_line
from behealthy.note import from_json, to_json
from behealthy.registry.bundle import STARTER, package_folder
from behealthy.registry.folder import FORMAT_VERSION, MANIFEST

SECRET = "zebrulosis"  # stands in every note; no message may hold it
GOOD, FAILED, WRONG_CALL, REJECTS = range(4)
BIG = 50 * 2**20 + 1


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "BEHEALTHY_MAX_NOTE_BYTES", "BEHEALTHY_CORPORA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEHEALTHY_HOME", str(tmp_path / "home"))


def call(*arguments: object, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Call the command; what must hold whatever comes in is checked here."""
    command = [Path(sys.executable).with_name("behealthy"), *map(str, arguments)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # buffers hide faults
    done = subprocess.run(command, timeout=300, **({"env": usual} | streams | how))
    said = done.stderr or b""
    assert b"Traceback" not in said, said.decode()
    assert SECRET.encode() not in said.lower()
    assert done.returncode in range(4)
    return done


def said(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return done.stderr.decode().splitlines()


def file(place: Path, content: str | bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


# Notes ---------------------------------------------------------------------------------------------------------------


def big(place: Path) -> None:
    with place.open("wb") as out:
        out.truncate(BIG)


BAD_NOTES: dict[str, tuple[Callable[[Path], object], str]] = {
    "too large": (big, "larger than the limit of 52428800 bytes"),
    "a picture": (
        lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n\0\0" + SECRET.encode()),
        "NUL byte at offset 8: it is binary",
    ),
    "UTF-16": (lambda p: p.write_text(SECRET, "utf-16"), "it looks like UTF-16; save it as UTF-8"),
    "a link to nothing": (lambda p: p.symlink_to("nowhere"), "no such file"),
}


def test_bad_notes_are_listed_and_the_good_ones_go_through(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    file(folder / "good.txt", f"{SECRET} treated with aspirin.")
    for number, (make, _) in enumerate(BAD_NOTES.values()):
        make(folder / f"{number}.txt")
    done = call("extract", folder, "--format", "jsonl")
    assert done.returncode == REJECTS
    assert [json.loads(line)["note_id"] for line in done.stdout.splitlines()] == ["good.txt"]
    *rejected, count = said(done)
    assert count == f"{len(BAD_NOTES)} of {len(BAD_NOTES) + 1} notes could not be read"
    for number, (line, (_, reason)) in enumerate(zip(rejected, BAD_NOTES.values(), strict=True)):
        assert line.startswith(f"rejected: {folder / f'{number}.txt'}: ")
        assert reason in line


@pytest.mark.parametrize("name", [name for name in BAD_NOTES if name != "a link to nothing"])
def test_a_bad_note_alone_is_a_failure(name: str, tmp_path: Path) -> None:
    make, reason = BAD_NOTES[name]
    make(tmp_path / "note.txt")
    done = call("extract", tmp_path / "note.txt")
    assert (done.returncode, done.stdout) == (FAILED, b"")
    assert reason in said(done)[0]
    assert said(done)[1:] == ["error: no note could be read"]


ODD_NOTES = {
    "empty": (b"", "is empty: no text"),
    "white space": (b" \r\n\t\n", "is empty: no text"),
    "Latin-1": (
        b"Caf\xe9 zebrulosis treated with aspirin.",
        "1 line is not UTF-8 (first: line 1); read as Windows-1252",
    ),
    "broken UTF-8": (
        b"aspirin\nzebrulosis \xf0\x9f\nfever \xc3\x28",
        "2 lines are not UTF-8 (first: line 2); read as Windows-1252",
    ),
    "one long line": (b"Zebrulosis, fever, aspirin. " * 4000, None),
    "one long word": (b"zebrulosis" * 10_000, None),
    "control characters": (b"zebrulosis\x01\x1b[2J\x7f aspirin", None),
}


@pytest.mark.parametrize("name", ODD_NOTES)
def test_odd_notes_are_read_and_what_was_assumed_is_said(name: str, tmp_path: Path) -> None:
    content, notice = ODD_NOTES[name]
    note = file(tmp_path / "note.txt", content)
    done = call("extract", note, "--format", "jsonl")
    assert done.returncode == GOOD
    assert said(done) == ([f"notice: {note}: {notice}"] if notice else [])
    found = from_json(json.loads(done.stdout))  # checks every offset against the text
    assert len(found.text) >= len(content.decode("utf-8", "ignore"))
    assert list(found.warnings) == ([notice] if notice else [])


# The Python API ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "\0", "\ud800", "\udfff fever \ud800", "fever\0aspirin", "\ufeff", "🩺" * 50, "a" * 100_000],
    ids=["empty", "NUL", "surrogate", "surrogates", "NUL inside", "mark", "signs", "long word"],
)
def test_any_string_can_be_given_to_an_extractor(text: str) -> None:
    found = behealthy.load()(text)
    assert found.text == text
    assert all(text[e.start : e.end] == e.text for e in found.entities)
    again = from_json(json.loads(json_line(to_json(found))))
    assert (again.text, [(e.start, e.end) for e in again.entities]) == (
        text,
        [(e.start, e.end) for e in found.entities],
    )


# Annotated documents -------------------------------------------------------------------------------------------------


def document(**changes: object) -> str:
    entity = {"start": 0, "end": 10, "type": "DISEASE"} | changes
    return json.dumps({"text": f"{SECRET} seen", "entities": [entity]})


TWO = f"{SECRET}\tB-DISEASE\nseen\tO\n\n"
NOT_A_RANGE = "is not a range inside a text of 15 code points"
GOLD: dict[str, tuple[str, str, int, str]] = {
    "past the end": ("jsonl", document(end=99), 1, f"entity [0, 99) {NOT_A_RANGE}"),
    "before the begin": ("jsonl", document(start=-3), 1, f"entity [-3, 10) {NOT_A_RANGE}"),
    "misaligned": ("jsonl", document(text=SECRET[1:]), 1, "the text at [0, 10) is not the entity's own text"),
    "no end": ("jsonl", document(end=None), 1, "start and end must be whole numbers"),
    "lone surrogate": ("jsonl", '{"text": "zebrulosis \\ud800"}', 1, "field 'text' holds a lone surrogate U+D800"),
    "surrogate id": ("jsonl", '{"id": "\\udc00", "text": "zebrulosis"}', 1, "field 'id' holds a lone surrogate U+DC00"),
    "cut off": ("jsonl", document()[:-4], 1, "not JSON: "),
    "no object": ("jsonl", f'["{SECRET}"]', 1, "a JSON object is wanted"),
    "too deep": ("jsonl", '{"text": ' + "[" * 200_000, 1, "nested too deeply"),
    "not a number": ("jsonl", document(score=float("nan")), 1, "NaN is not a number that JSON knows"),
    "no label": ("conll", f"{TWO}{SECRET}\n", 4, "the row has no label column"),
    "another column": ("conll", f"{TWO}{SECRET}\tNN\tO\n", 4, "the row has 3 columns where the file's first has 2"),
    "unknown label": ("conll", f"{TWO}{SECRET}\tQ-DISEASE\n", 4, "neither O, nor a position and a type"),
    "pubtator past the end": ("pubtator", f"1|t|{SECRET}\n1|a|seen\n1\t0\t99\t{SECRET}\tDisease\tD1\n", 3, "[0, 99)"),
}


@pytest.mark.parametrize("name", GOLD)
def test_a_faulty_document_is_named_by_file_and_line(name: str, tmp_path: Path) -> None:
    form, content, line, reason = GOLD[name]
    gold = file(tmp_path / f"gold.{form}", content)
    done = call("evaluate", gold, "--format", form, "--json")
    assert done.returncode in (FAILED, REJECTS)
    assert bool(done.stdout) is (done.returncode == REJECTS)
    (told,) = [x for x in said(done) if f"{gold}:{line}: " in x]
    assert reason in told


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"T1\tDISEASE 0 99\t{SECRET}", "DISEASE [0, 99) ends past the text of 15 code points"),
        (f"T1\tDISEASE 0 9\t{SECRET}", "DISEASE [0, 9): its text is not what the text file has there"),
        (f"T1\tDISEASE 9 0\t{SECRET}", "DISEASE [9, 0) is empty"),
        (SECRET, "not a line of an annotation file"),
    ],
)
def test_a_faulty_row_of_brat_is_left_out_and_the_rest_is_read(row: str, reason: str, tmp_path: Path) -> None:
    file(tmp_path / "g" / "a.txt", f"{SECRET} seen")
    file(tmp_path / "g" / "a.ann", f"T9\tDISEASE 0 10\t{SECRET}\n{row}\n")
    done = call("evaluate", tmp_path / "g", "--format", "brat", "--json", "--no-intervals")
    assert done.returncode == REJECTS
    assert f"rejected: {tmp_path / 'g' / 'a.ann'}:2: {reason}; left out" in said(done)
    assert json.loads(done.stdout)["DISEASE"]["n"] == 1


@pytest.mark.parametrize("command", ["evaluate", "train", "data stats"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"\0" * 9, "it is binary"), (None, "no such file")],
    ids=["empty", "binary", "away"],
)
def test_no_command_takes_what_is_no_corpus(command: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    if content is not None:
        file(gold, content)
    done = call(*command.split(), gold, "--format", "jsonl")
    assert (done.returncode, done.stdout) == (FAILED, b"")
    assert [line for line in said(done) if line.startswith(f"error: {gold}: ") and reason in line]


def test_a_map_that_names_none_of_the_labels_is_told_of(tmp_path: Path) -> None:
    gold = file(tmp_path / "gold.conll", TWO)
    done = call("evaluate", gold, "--format", "conll", "--map", "Problem=DISEASE", "--json")
    assert done.returncode == GOOD
    assert f"notice: {gold}: the label map names none of its types (DISEASE); no entity is left" in said(done)


# Places to write to --------------------------------------------------------------------------------------------------


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return file(tmp_path / "note.txt", f"{SECRET} treated with aspirin.")


@pytest.mark.parametrize("form", ["jsonl", "table", "html", "brat"])
def test_a_file_on_the_way_to_the_output_is_a_wrong_call(form: str, note: Path) -> None:
    done = call("extract", note, "--format", form, "--output", note / "below" / "out")
    assert (done.returncode, done.stdout) == (WRONG_CALL, b"")
    assert f"{note} is a file" in done.stderr.decode()
    assert SECRET in note.read_text()


def test_a_place_that_cannot_be_written_is_named(note: Path, tmp_path: Path) -> None:
    gold = file(tmp_path / "gold.conll", TWO)
    away = note / "out.jsonl"
    done = call("data", "convert", gold, away, "--from", "conll", "--to", "jsonl")
    assert done.returncode == FAILED
    assert said(done)[-1].startswith(f"error: {away}: cannot be written: ")


@pytest.mark.parametrize("form", ["jsonl", "html"])
def test_a_link_is_written_through_and_stays_a_link(form: str, note: Path, tmp_path: Path) -> None:
    target, link = file(tmp_path / "target", ""), tmp_path / "link"
    link.symlink_to(target)
    assert call("extract", note, "--format", form, "--output", link).returncode == GOOD
    assert link.is_symlink()
    assert "aspirin" in target.read_text()


def test_a_pipe_is_written_to_and_stays_a_pipe(note: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert call("extract", note, "--format", "jsonl", "--output", pipe).returncode == GOOD
        assert reader.communicate()[0].count(b"\n") == 1
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
@pytest.mark.parametrize("form", ["jsonl", "table", "html"])
def test_a_full_disk_is_told_of(form: str, note: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = call("extract", note, "--format", form, stdout=full)
    assert done.returncode == FAILED
    assert "No space left on device" in said(done)[-1]


@pytest.mark.parametrize(
    ("redirection", "code", "reason"),
    [
        ("<&-", FAILED, "rejected: standard input: cannot be read: it is closed"),
        (">&-", FAILED, "error: standard output: it is closed"),
        ("2>&-", GOOD, ""),
    ],
)
def test_a_closed_stream_is_no_crash(redirection: str, code: int, reason: str, note: Path) -> None:
    given = "-" if redirection == "<&-" else str(note)
    script = f'exec "$0" extract "$1" --format jsonl {redirection}'
    command = Path(sys.executable).with_name("behealthy")
    done = subprocess.run(["sh", "-c", script, command, given], capture_output=True, timeout=300)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode().startswith(reason)


# Models --------------------------------------------------------------------------------------------------------------


def newer(path: Path) -> None:
    manifest = json.loads((path / MANIFEST).read_text("utf-8")) | {"format_version": FORMAT_VERSION + 1}
    del manifest["seal"]
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest |= {"seal": hashlib.sha256(text.encode()).hexdigest()}
    (path / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def cut(path: Path) -> None:
    table = next(path.glob("*table_1.npy"))
    table.write_bytes(table.read_bytes()[:-100])


def flipped(path: Path) -> None:
    table = next(path.glob("*table_1.npy"))
    content = bytearray(table.read_bytes())
    content[-1] ^= 1
    table.write_bytes(content)


BAD_MODELS: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (cut, "bytes where"),
    "changed": (flipped, "was changed after it was written"),
    "a file away": (lambda p: next(p.glob("*transitions_0.npy")).unlink(), "transitions_0.npy is missing"),
    "no manifest": (lambda p: (p / MANIFEST).unlink(), f"has no {MANIFEST}"),
    "manifest cut": (lambda p: (p / MANIFEST).write_bytes((p / MANIFEST).read_bytes()[:99]), "is not JSON"),
    "facts changed": (
        lambda p: (p / MANIFEST).write_text((p / MANIFEST).read_text().replace("starter", "mine")),
        "was changed",
    ),
    "newer": (newer, f"has format {FORMAT_VERSION + 1}, written by behealthy"),
    "foreign": (lambda p: (p / MANIFEST).write_text('{"format": "other"}'), "is not one of ours"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_model_that_cannot_be_used_is_refused(name: str, note: Path, tmp_path: Path) -> None:
    spoil, reason = BAD_MODELS[name]
    model = tmp_path / "model"
    shutil.copytree(package_folder(STARTER), model)
    spoil(model)
    done = call("extract", note, "--model", model, "--format", "jsonl")
    assert (done.returncode, done.stdout) == (FAILED, b"")
    (line,) = said(done)
    assert line.startswith(f"error: bundle {model}: ")
    assert reason in line


@pytest.mark.parametrize(
    "command", ["extract {} --model {}", "evaluate {} --format conll --model {}", "models show {1}"]
)
def test_a_file_is_no_model(command: str, note: Path) -> None:
    done = call(*(part.format(note, note) for part in command.split()))
    assert (done.returncode, done.stdout) == (FAILED, b"")
    assert said(done)[-1].startswith(f"error: bundle {note}: ")


def test_another_kind_of_bundle_is_no_model(note: Path) -> None:
    done = call("extract", note, "--model", package_folder("extract/knowledge/lexicon"))
    assert done.returncode == FAILED
    assert "is of kind 'lexicon', not 'model'" in said(done)[0]
