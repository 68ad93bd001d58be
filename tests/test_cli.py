"""The command line as scripts and people meet it: what goes in and out of extract, how errors are told, how fast."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from behealthy import __version__
from behealthy.cli import app
from behealthy.cli.options import CorpusFormat
from behealthy.cli.terminal import json_line
from behealthy.data.formats import FORMATS, write_corpus
from behealthy.note import Extraction, entity_at, from_json

NOTE = "She takes lisinopril for hypertension."
ENTITIES = [(10, 20, "lisinopril", "TREATMENT"), (25, 37, "hypertension", "DISEASE")]
HEAVY = ("mlflow", "pandas", "pycrfsuite", "scipy", "sklearn")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command sees an empty home, and nothing of whoever runs the tests."""
    for name in ("MLFLOW_TRACKING_URI", "BEHEALTHY_MAX_NOTE_BYTES", "BEHEALTHY_CORPORA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEHEALTHY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def call(*arguments: object, given: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Call the installed command as a script does."""
    command = [Path(sys.executable).with_name("behealthy"), *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, env=os.environ | environ, timeout=300)


def run(*arguments: object, given: str | bytes = "") -> Result:
    """Call the command inside this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given)


def lines(text: str | bytes) -> list[dict[str, Any]]:
    raw = text.encode() if isinstance(text, str) else text
    return [json.loads(line) for line in raw.split(b"\n") if line]


def found(line: dict[str, Any]) -> list[tuple[int, int, str, str]]:
    return [(e["start"], e["end"], e["text"], e["type"]) for e in line["entities"]]


# extract: the contract -----------------------------------------------------------------------------------------------


def test_a_note_on_stdin_is_one_json_line_out() -> None:
    done = call("extract", "-", "--format", "jsonl", given=NOTE.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1
    (line,) = lines(done.stdout)
    assert line["text"] == NOTE
    assert found(line) == ENTITIES
    assert all(0 <= e["score"] <= 1 for e in line["entities"])
    assert from_json(line).entities[0].text == "lisinopril"


@pytest.mark.parametrize(
    "text",
    [
        f"Seen at home.\r\n{NOTE}\r\n",
        f"😀 Ärztin, naïve\t{NOTE}",
        f"\u2028\u0085{NOTE}\n\n\n",
        f"\x0c\x1b[31m{NOTE}",
    ],
)
def test_offsets_count_code_points_of_the_text_as_it_came(text: str) -> None:
    done = call("extract", "-", "--format", "jsonl", given=text.encode())
    assert len(done.stdout.decode().splitlines()) == 1
    (line,) = lines(done.stdout)
    assert line["text"] == text
    assert [text[a:b] for a, b, _, _ in found(line)][-2:] == ["lisinopril", "hypertension"]
    assert all(text[a:b] == own for a, b, own, _ in found(line))


def test_the_terminals_encoding_does_not_matter() -> None:
    done = call("extract", "-", "--format", "jsonl", given=f"Café. {NOTE}".encode(), PYTHONIOENCODING="ascii")
    assert lines(done.stdout)[0]["text"].startswith("Café.")
    done = call("extract", "-", given="Café au lait spots.".encode(), PYTHONIOENCODING="ascii")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


def test_a_note_that_is_not_utf8_is_read_and_said_so() -> None:
    done = call("extract", "-", "--format", "jsonl", given=f"Café. {NOTE}".encode("latin-1"))
    assert lines(done.stdout)[0]["text"].startswith("Café.")
    assert lines(done.stdout)[0]["warnings"] == ["1 line is not UTF-8 (first: line 1); read as Windows-1252"]
    assert done.stderr == b"notice: standard input: 1 line is not UTF-8 (first: line 1); read as Windows-1252\n"


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_note_is_a_result_without_entities(text: str) -> None:
    done = run("extract", "-", "--format", "jsonl", given=text)
    assert done.exit_code == 0
    assert (lines(done.stdout)[0]["text"], lines(done.stdout)[0]["entities"]) == (text, [])
    assert "is empty" in done.stderr


def test_one_note_is_quick_and_small(tmp_path: Path, seconds_of_process: Callable[..., float]) -> None:
    """Processor time, beside that of loading NumPy, and memory, once Python has compiled what it needs."""
    environ = {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    numpy = [sys.executable, "-c", "import numpy"]
    least = seconds_of_process(lambda: subprocess.run(numpy, check=True, env=os.environ | environ))
    reading = seconds_of_process(lambda: call("extract", "-", "--format", "jsonl", given=NOTE.encode(), **environ))
    assert reading < 9 * least  # usually 4 times, a third of a second; MLflow alone would be 15 times
    if not Path("/proc/self/status").exists():
        return
    # What the process itself used at most; getrusage would also count the moment before it became another program.
    probe = (
        "import atexit, sys\n"
        "atexit.register(lambda: sys.stderr.write(open('/proc/self/status').read()))\n"
        "from behealthy.cli import main\nmain()"
    )
    command = [sys.executable, "-c", probe, "extract", "-", "--format", "jsonl"]
    done = subprocess.run(command, input=NOTE.encode(), capture_output=True, check=True)
    peak = next(line for line in done.stderr.decode().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 150 * 1024


@pytest.mark.parametrize(
    ("arguments", "light"),
    [
        (["extract", "-", "--format", "jsonl"], (*HEAVY, "rich")),
        (["extract", "-", "--format", "table"], HEAVY),
        (["evaluate", "{}", "--format", "jsonl", "--json"], (*HEAVY, "rich")),
        (["evaluate", "{}", "--format", "jsonl", "--show-errors"], HEAVY),
        (["models", "list"], HEAVY),
    ],
)
def test_what_a_command_does_not_need_is_not_imported(
    arguments: list[str], light: tuple[str, ...], tmp_path: Path
) -> None:
    gold = Extraction("a", NOTE, tuple(entity_at(NOTE, a, b, kind) for a, b, _, kind in ENTITIES))
    write_corpus([gold], tmp_path / "gold.jsonl", "jsonl")
    probe = (
        "import atexit, sys\n"
        f"atexit.register(lambda: sys.stderr.write('|' + ' '.join(m for m in {light!r} if m in sys.modules)))\n"
        "from behealthy.cli import main\nmain()"
    )
    command = [sys.executable, "-c", probe, *(a.format(tmp_path / "gold.jsonl") for a in arguments)]
    done = subprocess.run(command, input=NOTE.encode(), capture_output=True, check=True)
    assert done.stderr.decode().rpartition("|")[2] == ""


# extract: files, folders, formats ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good notes, one of them below, and one file that is no text."""
    place = tmp_path / "notes"
    (place / "ward").mkdir(parents=True)
    (place / "a.txt").write_text(NOTE)
    (place / "ward" / "b.TXT").write_text(NOTE)
    (place / "readme.md").write_text("no note")
    (place / ".hidden.txt").write_text("no note")
    return place


def test_a_bad_file_among_good_ones_is_listed_and_the_others_go_through(folder: Path) -> None:
    (folder / "binary.txt").write_bytes(b"secret\0words")
    done = call("extract", folder, "--format", "jsonl")
    assert done.returncode == 3
    assert [line["note_id"] for line in lines(done.stdout)] == ["a.txt"]
    assert done.stderr.decode().splitlines() == [
        f"rejected: {folder / 'binary.txt'}: NUL byte at offset 6: it is binary, not text",
        "1 of 2 notes could not be read",
    ]


def test_folders_inside_are_entered_when_asked(folder: Path) -> None:
    done = run("extract", folder, folder / "ward", "--recursive", "--format", "jsonl")
    assert [line["note_id"] for line in lines(done.stdout)] == ["a.txt", "ward/b.TXT", "b.TXT"]
    assert done.exit_code == 0


def test_a_name_that_is_no_unicode_is_carried(tmp_path: Path) -> None:
    name = os.fsdecode(b"n\xe9.txt")
    try:
        (tmp_path / name).write_text(NOTE)
    except OSError:
        pytest.skip("this file system takes no such name")
    for form in ("jsonl", "table", "html"):
        done = call("extract", tmp_path / name, "--format", form)
        assert (done.returncode, done.stderr) == (0, b"")
        done.stdout.decode("utf-8")
    assert lines(call("extract", tmp_path / name, "--format", "jsonl").stdout)[0]["note_id"] == name


def test_the_entities_can_be_listed_one_a_row(folder: Path) -> None:
    (folder / "a.txt").write_text("She takes [bold]lisinopril[/bold] for \x1b[31mhypertension.")
    done = run("extract", folder, "--recursive", "--format", "entities")
    assert done.exit_code == 0
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert rows[0] == ["note", "disease", "treatment", "score"]
    assert sum("lisinopril" in row for row in rows) == 2
    assert "\x1b" not in done.stdout


def test_a_page_is_made(folder: Path, tmp_path: Path) -> None:
    done = run("extract", folder, "--format", "html", "--output", tmp_path / "out" / "page.html")
    assert (done.exit_code, done.stdout) == (0, "")
    assert '<mark class="disease"' in (tmp_path / "out" / "page.html").read_text()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["page.html"]


def test_brat_files_are_made_and_come_back(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("extract", folder, "-r", "--format", "brat", "-o", out).exit_code == 0
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.ann")) == ["a.ann", "ward/b.ann"]
    done = run("evaluate", out, "--format", "brat", "--json")
    assert json.loads(done.stdout)["micro"]["strict"]["f1"] == 1


def test_the_improbable_can_be_left_out() -> None:
    every = lines(run("extract", "-", "--format", "jsonl", given=NOTE).stdout)[0]["entities"]
    limit = max(e["score"] for e in every)
    kept = lines(run("extract", "-", "--format", "jsonl", "--min-score", limit - 1e-6, given=NOTE).stdout)[0]
    assert [e["id"] for e in kept["entities"]] == [e["id"] for e in every if e["score"] >= limit - 1e-6]
    assert lines(run("extract", "-", "--format", "jsonl", "--min-score", 1, given=NOTE).stdout)[0]["entities"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["{}/away.txt"], "away.txt: no such file or folder"),
        (["{}", "--format", "brat"], "brat makes a folder"),
        (["{}", "--format", "brat", "--output", "{}"], "holds the notes themselves"),
        (["{}", "--format", "brat", "--output", "{}/a.txt"], "is a file"),
        (["{}", "--format", "html", "--output", "{}"], "is a folder"),
        (["{}", "--format", "jsonl", "--output", "{}/a.txt"], "is one of the notes"),
        (["{}", "--format", "xml"], "xml"),
        (["{}", "--min-score", "2"], "--min-score"),
        ([], "PATH"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_read(arguments: list[str], reason: str, folder: Path) -> None:
    done = run("extract", *(a.format(folder) for a in arguments))
    assert (done.exit_code, done.stdout) == (2, "")
    assert reason in done.stderr
    assert (folder / "a.txt").read_text() == NOTE


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["{}/binary.txt"], "rejected: {}/binary.txt: NUL byte at offset 6: it is binary, not text"),
        (["{}/empty"], "error: {}/empty: holds no .txt file"),
        (["{}/a.txt", "--model", "nosuch"], "error: bundle nosuch: is neither a folder nor the name of a model"),
        (["{}/a.txt", "--model", "{}"], "error: bundle {}: has no manifest.json"),
        (["{}/a.txt", "--format", "jsonl", "-o", "/proc/none/x"], "error: /proc/none: "),
    ],
)
def test_what_fails_says_why_in_one_message(arguments: list[str], reason: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "binary.txt").write_bytes(b"secret\0words")
    done = call("extract", *(a.format(folder) for a in arguments))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(reason.format(folder))
    assert not {b"Traceback", b"secret", b"lisinopril"} & set(done.stderr.split())


def test_a_file_that_is_too_large_is_rejected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHEALTHY_MAX_NOTE_BYTES", "10")
    done = run("extract", folder / "a.txt")
    assert done.exit_code == 1
    assert "larger than the limit of 10 bytes" in done.stderr


def test_faults_of_the_environment_are_a_wrong_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHEALTHY_MAX_NOTE_BYTES", "ten")
    monkeypatch.setenv("BEHEALTHY_HOM", "x")
    done = run("extract", "-", given=NOTE)
    assert done.exit_code == 2
    assert "BEHEALTHY_MAX_NOTE_BYTES" in done.stderr
    assert "BEHEALTHY_HOME meant" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    (folder / "a.txt").write_text(NOTE * 5_000)  # far more than a pipe holds
    with subprocess.Popen(
        [Path(sys.executable).with_name("behealthy"), "extract", folder, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_json_is_one_line_whatever_is_in_it() -> None:
    line = json_line({"a": "\udce9\u2028\u2029\u0085\n😀é"})
    assert len(line.splitlines()) == 1
    assert "😀é" in line
    assert line.encode("utf-8")
    assert json.loads(line) == {"a": "\udce9\u2028\u2029\u0085\n😀é"}


# help ----------------------------------------------------------------------------------------------------------------


COMMANDS = [
    *(["extract"], ["train"], ["evaluate"], ["doctor"], ["models", "list"], ["models", "show"]),
    *(["data", "convert"], ["data", "stats"], ["data", "dictionary"]),
]


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.exit_code == 0
    assert "Example: " in done.stdout
    assert f"behealthy {' '.join(command)}".strip() in done.stdout.rpartition("Example: ")[2]


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"behealthy {__version__}\n"


def test_every_format_can_be_asked_for() -> None:
    assert set(CorpusFormat) == set(FORMATS)
