"""CoNLL columns and BioText pairs: labels, rows, and files that do not fit together."""

from pathlib import Path

import pytest

from behealthy.data.formats import Corpus, read_corpus, write_corpus
from behealthy.data.formats.tags import decode, parse
from behealthy.errors import FormatError, UnreadableFile
from behealthy.note import DISEASE, Extraction, entity_at

Span = tuple[int, int, str]


def conll(tmp_path: Path, text: str, name: str = "note.bio") -> Corpus:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_corpus(path, "conll")


def entities(corpus: Corpus) -> list[tuple[str, str]]:
    return [(e.text, e.type) for d in corpus.documents for e in d.entities]


@pytest.mark.parametrize(
    ("labels", "spans"),
    [
        ("B-x I-x B-x O", [(0, 2, "x"), (2, 3, "x")]),
        ("B-x I-x E-x S-x", [(0, 3, "x"), (3, 4, "x")]),
        ("B-x L-x U-x U-y", [(0, 2, "x"), (2, 3, "x"), (3, 4, "y")]),
        ("D D T T O D", [(0, 2, "D"), (2, 4, "T"), (5, 6, "D")]),
        ("B-x B-x I-y-z I-y-z", [(0, 1, "x"), (1, 2, "x"), (2, 4, "y-z")]),
        ("O O", []),
        ("S-x I-x", [(0, 1, "x"), (1, 2, "x")]),
        ("E-x E-x", [(0, 1, "x"), (1, 2, "x")]),
    ],
)
def test_labels_of_every_scheme_become_entities(labels: str, spans: list[Span]) -> None:
    assert decode([parse(label) for label in labels.split()])[0] == spans


@pytest.mark.parametrize("label", ["", "B-", "-x", "B", "I", "0", "b-x", "X-x", "B_x", "B- x", "Oh no", "3"])
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="label"):
        parse(label)


def test_a_word_in_the_label_column_is_not_quoted() -> None:
    with pytest.raises(ValueError, match="label of 12 characters"):
        parse("Kowalczyk, J")
    with pytest.raises(ValueError, match="label 'B_problem'"):
        parse("B_problem")


def test_a_file_is_a_document_with_exact_offsets(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "No\tO\nchest\tB-problem\npain\tI-problem\n\n\nAspirin\tB-treatment\ntoday\tO\n")
    (document,) = corpus.documents
    assert (document.note_id, document.text) == ("note", "No chest pain\n\nAspirin today")
    assert [(e.start, e.end, e.text, e.type, e.id) for e in document.entities] == [
        (3, 13, "chest pain", "problem", "e1"),
        (15, 22, "Aspirin", "treatment", "e2"),
    ]


def test_columns_between_and_spaces_are_understood(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "fever NN  _ B-x\nand CC _ O\n")
    assert entities(corpus) == [("fever", "x")]
    assert corpus.problems == ()


def test_docstart_parts_documents_and_may_name_them(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "-DOCSTART- -X- O O\n\nfever\tB-x\n\n-DOCSTART-\t(ward 7/a)\tO\nno\tO\nrash\tB-x\n")
    assert [(d.note_id, d.text) for d in corpus.documents] == [("note:0", "fever"), ("ward 7/a", "no rash")]


def test_an_inside_without_a_beginning_is_kept_and_told_with_its_line(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "a\tO\nfever\tI-x\nrash\tI-y\n")
    assert entities(corpus) == [("fever", "x"), ("rash", "y")]
    assert [(n.line, n.reason[:3]) for n in corpus.notices] == [(2, "I-x"), (3, "I-y")]


def test_only_the_sentence_with_the_faulty_row_is_left_out(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "fever\tB-x\n\nbad\nrash\tQ-x\n\nand\tO\ncough\tB-x\textra\n\npain\tB-x\n")
    assert corpus.documents[0].text == "fever\n\npain"
    assert [p.line for p in corpus.problems] == [3, 4, 7]
    assert "no label column" in corpus.problems[0].reason
    assert "label" in corpus.problems[1].reason
    assert "3 columns where the file's first has 2" in corpus.problems[2].reason
    assert all("left out" in p.reason for p in corpus.problems)


def test_a_line_of_prose_is_no_row(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"note.bio:1: the row has 50 columns: this is not a table"):
        conll(tmp_path, "She sleeps well again " * 12 + "now too\n")


def test_a_document_without_a_sound_sentence_is_left_out(tmp_path: Path) -> None:
    corpus = conll(tmp_path, "-DOCSTART- (a) O\n\nbad\tQ-x\n\n-DOCSTART- (b) O\n\nfever\tB-x\n\n-DOCSTART- (c) O\n")
    assert [d.note_id for d in corpus.documents] == ["b", "c"]


def test_a_folder_is_read_by_name_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.bio", "a.bio", ".c.bio", "SOURCE.md"):
        (tmp_path / name).write_text("fever\tB-x\n")
    assert [d.note_id for d in read_corpus(tmp_path, "conll").documents] == ["a", "b"]


def test_writing_keeps_sentences_whole_around_entities_and_the_longer_of_two(tmp_path: Path) -> None:
    text = "Burn of St. Mary type. Rest."
    spans = [(0, 11), (5, 21), (8, 11), (23, 27)]
    document = Extraction("w", text, tuple(entity_at(text, a, b, DISEASE, id=f"e{a}") for a, b in spans))
    write_corpus([document], tmp_path / "w.conll", "conll")
    assert entities(read_corpus(tmp_path / "w.conll", "conll")) == [
        ("of St . Mary type", DISEASE),
        ("Rest", DISEASE),
    ]


@pytest.mark.parametrize(
    ("format_", "type_"), [("conll", "two words"), ("conll", ""), ("biotext", "O"), ("biotext", "B-x")]
)
def test_a_type_that_would_not_come_back_is_not_written(format_: str, type_: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=f"entity type {type_!r}"):
        write_corpus([Extraction("a", "fever", (entity_at("fever", 0, 5, type_),))], tmp_path / "x", format_)
    assert not list(tmp_path.iterdir())


def biotext(tmp_path: Path, tokens: str, labels: str) -> Corpus:
    (tmp_path / "set_sent").write_text(tokens)
    (tmp_path / "set_label").write_text(labels)
    return read_corpus(tmp_path / "set", "biotext")


def test_every_biotext_sentence_is_a_document_and_any_of_its_names_will_do(tmp_path: Path) -> None:
    corpus = biotext(tmp_path, "mild\nfever\n\nrest\nhelps\n", "D\nD\n\nT\nO\n")
    assert [(d.note_id, d.text) for d in corpus.documents] == [("set:0", "mild fever"), ("set:1", "rest helps")]
    assert entities(corpus) == [("mild fever", "D"), ("rest", "T")]
    for name in ("set_sent", "set_label", "."):
        assert read_corpus(tmp_path / name, "biotext") == corpus


def test_a_biotext_sentence_with_a_token_too_many_is_left_out_alone(tmp_path: Path) -> None:
    corpus = biotext(tmp_path, "a\n\nb\nc\n\nd\n", "O\n\nD\n\nT\n")
    assert [d.note_id for d in corpus.documents] == ["set:0", "set:2"]
    (problem,) = corpus.problems
    assert (problem.line, problem.reason) == (3, "sentence 1 has 2 tokens but 1 labels (set_label:3); it is left out")


def test_biotext_labels_are_never_given_to_another_sentence(tmp_path: Path) -> None:
    # The blank line after the second label is lost: what follows has fitting lengths by chance, and wrong labels.
    corpus = biotext(tmp_path, "a\n\nb\n\nc\n\nd\ne\n\nf\ng\n", "D\n\nO\nO\n\nO\nD\n\nT\nT\n")
    assert [d.note_id for d in corpus.documents] == ["set:0"]
    (problem,) = corpus.problems
    assert problem.line == 3
    assert "5 sentences but set_label has 4; from sentence 1 on" in problem.reason


def test_a_malformed_biotext_label_is_told_with_its_line(tmp_path: Path) -> None:
    corpus = biotext(tmp_path, "a\nb\n\nc\n", "0\nB-\n\nD\n")
    assert [d.note_id for d in corpus.documents] == ["set:1"]
    assert [(Path(p.path).name, p.line) for p in corpus.problems] == [("set_label", 1), ("set_label", 2)]


def test_half_a_biotext_pair_is_told(tmp_path: Path) -> None:
    (tmp_path / "set_sent").write_text("a\n")
    with pytest.raises(UnreadableFile, match="set_label: no such file"):
        read_corpus(tmp_path / "set", "biotext")
    with pytest.raises(FormatError, match="set_label: no such file"):
        read_corpus(tmp_path, "biotext")
