"""Brat stand-off: fragments, attributes, relations, and lines that are wrong."""

from pathlib import Path

import pytest

from behealthy.data.formats import Corpus, read_corpus, write_corpus
from behealthy.errors import FormatError, UnreadableFile
from behealthy.note import Code, Extraction, Relation, entity_at

TEXT = "Denies fever or cough.\r\nStarted oral iron\r\nfor anaemia of age."


def brat(tmp_path: Path, annotations: str, text: str = TEXT) -> Corpus:
    (tmp_path / "n.txt").write_bytes(text.encode())
    (tmp_path / "n.ann").write_text(annotations, encoding="utf-8")
    return read_corpus(tmp_path / "n.txt", "brat")


def at(word: str) -> str:
    return f"{TEXT.index(word)} {TEXT.index(word) + len(word)}"


def reasons(corpus: Corpus) -> list[tuple[int, str]]:
    return [(p.line, p.reason) for p in corpus.problems]


def test_windows_line_ends_count_in_offsets(tmp_path: Path) -> None:
    (document,) = brat(tmp_path, f"T1\tDISEASE {at('anaemia')}\tanaemia\n").documents
    assert document.text == TEXT
    (entity,) = document.entities
    assert (document.text[entity.start : entity.end], entity.start) == ("anaemia", TEXT.index("anaemia"))


def test_attributes_and_flags_of_every_spelling(tmp_path: Path) -> None:
    lines = [
        f"T1\tDISEASE {at('fever')}\tfever",
        f"T2\tDISEASE {at('cough')}\tcough",
        f"T3\tTREATMENT {at('iron')}\tiron",
        f"T4\tDISEASE {at('anaemia')}\tanaemia",
        "A1\tassertion T1 negated",
        "A2\tNegated T2",
        "M1\tSpeculation T4",
        "A3\tsection T4 Assessment and plan",
        "A4\troute T3 by mouth",
        "A5\tChronic T4",
        "#1\tAnnotatorNotes T1\tsee guideline",
    ]
    corpus = brat(tmp_path, "\n".join(lines))
    fever, cough, iron, anaemia = corpus.documents[0].entities
    assert [e.assertion for e in (fever, cough, iron, anaemia)] == ["negated", "negated", None, "possible"]
    assert anaemia.section == "Assessment and plan"
    assert (iron.attributes, anaemia.attributes) == ({"route": "by mouth"}, {"Chronic": "true"})
    assert (corpus.problems, corpus.notices) == ((), ())


def test_relations_and_codes_may_come_before_their_entities(tmp_path: Path) -> None:
    lines = [
        "R1\tTREATS Arg1:T2 Arg2:T1",
        "N1\tReference T1 MeSH:D000740\tAnemia",
        f"T1\tDISEASE {at('anaemia')}\tanaemia",
        f"T2\tTREATMENT {at('iron')}\tiron",
    ]
    (document,) = brat(tmp_path, "\n".join(lines)).documents
    assert document.relations == (Relation("TREATS", head="T2", tail="T1"),)
    assert document.entities[0].codes == (Code("MeSH", "D000740", "Anemia"),)


def test_fragments_become_their_hull_only_where_little_lies_between(tmp_path: Path) -> None:
    text = "fever or mild cough\nand\npain " + "w " * 30 + "ache in one\nknee"
    far, knee = text.index("ache"), text.index("knee")
    lines = [
        "T1\tX 0 5;14 19\tfever cough",  # words between
        "T2\tX 0 5;24 28\tfever pain",  # line ends and words between
        f"T3\tX 24 28;{far} {far + 4}\tpain ache",  # too far
        f"T4\tX {far} {far + 11};{knee} {knee + 4}\tache in one knee",  # how brat wraps
        "T5\tX 14 19;0 5\tcough fever",  # backwards
    ]
    corpus = brat(tmp_path, "\n".join(lines), text)
    assert [e.text for e in corpus.documents[0].entities] == ["fever or mild cough", "ache in one\nknee"]
    assert [(p.line, "too far apart" in p.reason) for p in corpus.problems] == [(2, True), (3, True), (5, False)]
    assert [(n.line, n.reason) for n in corpus.notices] == [(1, "X in fragments, read as its hull [0, 19)")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("T9\tX 0 999\tDenies", "ends past the text of 62 code points"),
        ("T9\tX 0 5\tfever", "its text is not what the text file has there"),
        ("T9\tX 5 5\t", "is empty"),
        ("T9\tX five 9\tfever", "not an entity"),
        ("T9\tX -3 5\tDenies", "not an entity"),
        ("T9\tX 0 6", "not an entity"),
        ("T1\tX 0 6\tDenies", "T1 occurs twice"),
        ("A1\tassertion T1 maybe", "the assertion is none of present, negated"),
        ("A1\tassertion T8 negated", "'T8', which is not among the entities"),
        ("A1\tassertion", "not an attribute"),
        ("N1\tReference T1 D0001\tx", "not a code"),
        ("R1\tTREATS Arg1:T1 Arg2:T8", "'T8', which is not among the entities"),
        ("R1\tTREATS T1 T1", "not a relation"),
        ("Denies fever", "not a line of an annotation file"),
        ("\tX", "not a line of an annotation file"),
    ],
)
def test_a_wrong_line_is_told_and_the_others_go_through(line: str, reason: str, tmp_path: Path) -> None:
    corpus = brat(tmp_path, f"T1\tX {at('fever')}\tfever\n{line}\nT2\tX {at('cough')}\tcough\n")
    assert [e.text for e in corpus.documents[0].entities] == ["fever", "cough"]
    ((number, told),) = reasons(corpus)
    assert number == 2
    assert reason in told
    assert told.endswith("left out")


def test_events_are_told_not_read(tmp_path: Path) -> None:
    corpus = brat(tmp_path, "E1\tCure:T1\n*\tEquiv T1 T2\nA1\tNegated E1\n")
    assert corpus.problems == ()
    assert [n.line for n in corpus.notices] == [1, 2, 3]


def test_a_text_or_annotations_alone_are_told(tmp_path: Path) -> None:
    for name in ("a.txt", "b.ann", "c.txt", "c.ann"):
        (tmp_path / name).write_text("T1\tX 0 1\tT" if name.endswith("ann") else "Tea")
    corpus = read_corpus(tmp_path, "brat")
    assert [d.note_id for d in corpus.documents] == ["c"]
    assert ["a.ann: no such file" in corpus.problems[0].reason, corpus.problems[1].reason] == [True, "no such file"]
    with pytest.raises(UnreadableFile, match=r"b\.txt: no such file"):
        read_corpus(tmp_path / "b.ann", "brat")


@pytest.mark.parametrize("id_", ["", "a/b", ".hidden", "tab\t", "x" * 300])
def test_an_id_that_names_no_file_is_not_written(id_: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="which cannot name a file"):
        write_corpus([Extraction("good", "t"), Extraction(id_, "t")], tmp_path / "out", "brat")
    assert not (tmp_path / "out").exists()


def test_what_brat_cannot_carry_is_refused_with_its_name(tmp_path: Path) -> None:
    entity = entity_at("fever", 0, 5, "X", id="e1", attributes={"how bad": "very"})
    document = Extraction("n", "fever", (entity,), (Relation("TREATS", "e1", "e7"),))
    with pytest.raises(FormatError, match=r"attribute 'how bad'[^$]*relation to entity 'e7'"):
        write_corpus([document], tmp_path / "out", "brat")
