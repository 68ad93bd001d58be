"""Our own sentences: what they say, and what stays when their names are changed."""

from pathlib import Path

import pytest

from behealthy.errors import UnreadableFile
from behealthy.learn.prose import other_names, read_prose
from behealthy.learn.relations import PROSE
from behealthy.note import Extraction, Relation

SHIPPED = Path(__file__).resolve().parents[2] / "examples" / PROSE


def written(folder: Path, *lines: str) -> list[Extraction]:
    path = folder / "prose.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_prose(path)


def test_one_type_holds_for_every_pair(tmp_path: Path) -> None:
    (one,) = written(tmp_path, "# a title", "{Rest} or {ice} for [gout].\tTREATS")
    assert one.text == "Rest or ice for gout."
    assert [(e.text, e.type) for e in one.entities] == [
        ("Rest", "TREATMENT"),
        ("ice", "TREATMENT"),
        ("gout", "DISEASE"),
    ]
    assert all(one.text[e.start : e.end] == e.text for e in one.entities)
    assert one.relations == (Relation("TREATS", "e0", "e2"), Relation("TREATS", "e1", "e2"))


def test_single_pairs_and_none_are_told_apart(tmp_path: Path) -> None:
    some, none = written(tmp_path, "[Rash] of {gold} for [gout].\tgold CAUSES Rash", "No {ice} in [gout].\t")
    assert some.relations == (Relation("CAUSES", "e1", "e0"),)
    assert none.relations == ()


@pytest.mark.parametrize("says", ["ice TREATS gout", "rest HELPS gout", "TREAT"])
def test_what_is_not_marked_is_refused(tmp_path: Path, says: str) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        written(tmp_path, "{rest} for [gout].\t" + says)


def test_other_names_leave_what_is_said(tmp_path: Path) -> None:
    sentences = written(
        tmp_path, "{rest} for [gout] or [flu].\trest TREATS gout", "{ice} and [a pain of many words].\t"
    )
    changed = other_names(sentences, sentences, 20)
    assert len(changed) == 40
    texts = {d.text for d in changed[:20]}
    assert "ice for flu or gout." in texts
    assert not any("many words" in text for text in texts)
    for document in changed[:20]:
        assert document.relations == sentences[0].relations
        assert all(document.text[e.start : e.end] == e.text for e in document.entities)
    assert changed == other_names(sentences, sentences, 20)


def test_shipped_sentences_are_each_said_once() -> None:
    sentences = read_prose(SHIPPED)
    assert len({d.text for d in sentences}) == len(sentences)
    assert all({e.type for e in d.entities} == {"DISEASE", "TREATMENT"} for d in sentences)
