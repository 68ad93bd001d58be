"""JSON lines: documents that are not ones."""

from pathlib import Path

import pytest

from behealthy.data.formats import Corpus, read_corpus

GOOD = '{"note_id": "a", "text": "mild fever", "entities": [{"start": 5, "end": 10, "type": "DISEASE"}]}'


def jsonl(tmp_path: Path, *lines: str) -> Corpus:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_corpus(path, "jsonl")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "fever"', "not JSON: Expecting ',' delimiter at column 17"),
        ("[1, 2]", "a JSON object is wanted"),
        ('{"note_id": "b"}', "'text' is missing"),
        ('{"text": "fever", "entities": [{"start": 0, "end": 99, "type": "X"}]}', "not a range inside a text of 5"),
        ('{"text": "fever", "entities": [{"start": 0, "end": 3, "text": "rash", "type": "X"}]}', "entity's own text"),
        ('{"text": "fever", "entities": [{"start": 0, "end": 3}]}', "missing field 'type'"),
        ('{"text": "fever", "entities": [7]}', "entities[0]"),
        ('{"text": "fever", "warnings": 7}', "a field is of the wrong kind"),
        ('{"text": "fever \\ud83d"}', "field 'text' holds a lone surrogate U+D83D"),
        ('{"text": "f", "entities": [{"start": 0, "end": 1, "type": "X", "score": NaN}]}', "NaN is not a number"),
        ('{"text": ' + "[" * 200_000, "nested too deeply"),
    ],
)
def test_a_wrong_line_is_told_and_the_others_go_through(line: str, reason: str, tmp_path: Path) -> None:
    corpus = jsonl(tmp_path, GOOD, line, GOOD.replace('"a"', '"c"'))
    assert [d.note_id for d in corpus.documents] == ["a", "c"]
    (problem,) = corpus.problems
    assert problem.line == 2
    assert reason in problem.reason
    assert "rash" not in problem.reason


def test_a_pair_of_escapes_is_one_character(tmp_path: Path) -> None:
    assert jsonl(tmp_path, '{"text": "ok \\ud83d\\ude00"}').documents[0].text == "ok \U0001f600"


def test_a_document_without_an_id_is_named_by_its_line(tmp_path: Path) -> None:
    assert [d.note_id for d in jsonl(tmp_path, "", '{"text": "a"}', '{"id": "x", "text": "a"}').documents] == [
        "set:2",
        "x",
    ]
