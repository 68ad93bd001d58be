"""The record at the command line: tables, sheets, bundles and rows of patients; spans that others found."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from typer.testing import CliRunner, Result

from behealthy.cli import app

NOTE = "She takes lisinopril for hypertension."


def call(*arguments: object) -> "subprocess.CompletedProcess[bytes]":
    """Call the installed command as a script does."""
    command = [Path(sys.executable).with_name("behealthy"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=os.environ, timeout=300)


def run(*arguments: object) -> Result:
    """Call the command inside this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments])


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """Two good notes, one of them below."""
    place = tmp_path / "notes"
    (place / "ward").mkdir(parents=True)
    (place / "a.txt").write_text(NOTE)
    (place / "ward" / "b.txt").write_text(NOTE)
    return place


def test_a_table_has_a_row_for_each_disease(folder: Path) -> None:
    done = run("extract", folder / "a.txt")
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert rows[:2] == [["a.txt"], ["disease", "status", "code", "treatments", "dose", "evidence"]]
    assert rows[3][:4] == ["hypertension", "present", "I10", "lisinopril"]


def test_notes_of_one_patient_are_one_record(folder: Path, tmp_path: Path) -> None:
    """A folder inside the folder is a patient, unless a file says whose a note is."""

    def owners(*more: object) -> list[str]:
        found = lines(run("extract", folder, "-r", "--format", "jsonl", *more).stdout)
        return [line.get("patient_id") for line in found]

    assert owners() == [None, "ward"]
    sheet = tmp_path / "owners.csv"
    sheet.write_text("note_id,patient_id\na.txt,p7\nward/b.txt,p7\n")
    assert owners("--patients", sheet) == ["p7", "p7"]
    table = run("extract", folder, "-r", "--patients", sheet).stdout
    assert table.count("p7") == 1
    sheet.write_text("note,patient\na.txt,p7\n")
    done = run("extract", folder, "--patients", sheet)
    assert (done.exit_code, "has not the columns note_id and patient_id" in done.stderr) == (1, True)


def test_the_record_leaves_as_sheet_bundle_and_rows(folder: Path) -> None:
    sheet = list(csv.DictReader(io.StringIO(run("extract", folder, "--format", "csv").stdout)))
    assert [(line["disease"], line["code"], line["treatment"]) for line in sheet] == [
        ("hypertension", "I10", "lisinopril")
    ]
    bundle = json.loads(run("extract", folder, "--format", "fhir").stdout)
    Bundle.model_validate(bundle)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert {"Condition", "MedicationStatement", "Provenance"} <= {*kinds}
    rows = list(csv.DictReader(io.StringIO(run("extract", folder, "--format", "omop").stdout)))
    assert [(row["lexical_variant"], row["term_exists"]) for row in rows] == [
        ("lisinopril", "Y"),
        ("hypertension", "Y"),
    ]


# assert --------------------------------------------------------------------------------------------------------------


def test_given_spans_are_judged() -> None:
    text = "Denies fever. Mother had gout."
    done = call("assert", "--text", text, "--start", 7, "--end", 12, "--start", 25, "--end", 29)
    assert (done.returncode, done.stdout) == (0, b"negated\nfamily\n")
    done = call("assert", "--text", text, "--start", 7, "--end", 12, "--json")
    assert json.loads(done.stdout) == {"start": 7, "end": 12, "assertion": "negated"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--text", "no gout", "--start", "3", "--end", "3"], "is not a range"),
        (["--text", "no gout", "--start", "3", "--end", "99"], "is not a range"),
        (["--text", "no gout", "--start", "2", "--end", "3"], "white space"),
        (["--text", "no gout", "--start", "3"], "--end"),
        (["--text", "no gout", "--start", "3", "--start", "4", "--end", "5"], "as many"),
    ],
)
def test_what_is_no_span_is_a_wrong_call(arguments: list[str], reason: str) -> None:
    done = run("assert", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "gout" not in done.stderr
