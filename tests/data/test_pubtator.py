"""PubTator: offsets over title and abstract, concept ids, relations between concepts."""

from pathlib import Path

import pytest

from behealthy.data.formats import Corpus, DocumentRelation, document_relations, read_corpus, write_corpus
from behealthy.errors import FormatError
from behealthy.note import Code, Extraction

HEAD = "7|t|Zinc for colds.\n7|a|Colds were shorter: a trial|t|of tea.\n"


def pubtator(tmp_path: Path, rows: str) -> Corpus:
    path = tmp_path / "set.pubtator"
    path.write_text(rows, encoding="utf-8")
    return read_corpus(path, "pubtator")


def test_offsets_count_one_separator(tmp_path: Path) -> None:
    corpus = pubtator(tmp_path, HEAD + "7\t9\t14\tcolds\tDisease\tD003139\n7\t16\t21\tColds\tDisease\tD003139\n")
    (document,) = corpus.documents
    assert (document.note_id, document.text) == ("7", "Zinc for colds.\nColds were shorter: a trial|t|of tea.")
    assert [document.text[e.start : e.end] for e in document.entities] == ["colds", "Colds"]
    assert (corpus.problems, corpus.notices) == ((), ())


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ("\tD003139", [("MeSH", "D003139")]),
        ("\tMESH:C537666", [("MeSH", "C537666")]),
        ("\tOMIM:164400|OMIM:183090", [("OMIM", "164400"), ("OMIM", "183090")]),
        ("\t D007945+D010871", [("MeSH", "D007945"), ("MeSH", "D010871")]),
        ("\t9606", [("PubTator", "9606")]),
        ("\tc|SUB|A|76|G", [("PubTator", "c|SUB|A|76|G")]),
        ("\t-1", []),
        ("\t", []),
        ("", []),
        ("\tD003139|D012141\tcolds|sniffles", [("MeSH", "D003139"), ("MeSH", "D012141")]),
    ],
)
def test_concepts_become_codes(given: str, codes: list[tuple[str, str]], tmp_path: Path) -> None:
    corpus = pubtator(tmp_path, f"{HEAD}7\t9\t14\tcolds\tDisease{given}\n")
    (entity,) = corpus.documents[0].entities
    assert entity.codes == tuple(Code(system, code, "") for system, code in codes)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7\t9\t999\tcolds\tDisease", "ends past the text"),
        ("7\t9\t13\tcolds\tDisease", "its text is not what the title and abstract have there"),
        ("7\t9\t9\t\tDisease", "is empty"),
        ("7\t9x\t14\tcolds\tDisease\tD1", "neither a mention"),
        ("7\t9\t14\tcolds", "neither a mention"),
        ("8\t9\t14\tcolds\tDisease", "the row is not of document '7'"),
        ("7|a|Once more.", "the row is not of document '7'"),
    ],
)
def test_a_wrong_row_is_told_and_the_others_go_through(row: str, reason: str, tmp_path: Path) -> None:
    corpus = pubtator(tmp_path, f"{HEAD}{row}\n7\t0\t4\tZinc\tChemical\n")
    assert [e.text for e in corpus.documents[0].entities] == ["Zinc"]
    (problem,) = corpus.problems
    assert problem.line == 3
    assert reason in problem.reason


def test_a_document_without_its_title_is_left_out_alone(tmp_path: Path) -> None:
    corpus = pubtator(tmp_path, "5|a|Only this.\n5\t0\t4\tOnly\tX\n\n" + HEAD + "6|t|Tea\n8|a|Milk\n\n9|t|Alone\n")
    assert [(d.note_id, d.text[-5:]) for d in corpus.documents] == [("7", " tea."), ("9", "Alone")]
    assert [p.line for p in corpus.problems] == [1, 7]


def test_relations_between_concepts_are_read_apart(tmp_path: Path) -> None:
    rows = "7\tCID\tD015032\tD003139\n7\tNegative_Correlation\tc|DEL|1|\tD003139\tNovel\n"
    corpus = pubtator(tmp_path, HEAD + "7\t0\t4\tZinc\tChemical\tD015032\n" + rows)
    assert corpus.problems == ()
    assert corpus.documents[0].relations == ()
    assert document_relations(tmp_path) == [
        DocumentRelation("7", "CID", "D015032", "D003139"),
        DocumentRelation("7", "Negative_Correlation", "c|DEL|1|", "D003139"),
    ]


@pytest.mark.parametrize("id_", ["", "a|b", "a\tb"])
def test_an_id_that_would_not_come_back_is_not_written(id_: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="document 1 has the id"):
        write_corpus([Extraction(id_, "text")], tmp_path / "x", "pubtator")
    assert not list(tmp_path.iterdir())
