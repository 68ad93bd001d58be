"""The real corpora, counted by our readers, against the counts that their SOURCE.md files state."""

from collections import Counter
from pathlib import Path

import pytest

from behealthy.data.formats import KNOWN_LABELS, Corpus, document_relations, read_corpus
from behealthy.note import DISEASE, TREATMENT


def types(corpus: Corpus) -> Counter[str]:
    return Counter(e.type for d in corpus.documents for e in d.entities)


def sizes(corpus: Corpus) -> tuple[int, int]:
    """Sentences and tokens as the source splits them."""
    sentences = [s for d in corpus.documents for s in d.text.split("\n\n")]
    return len(sentences), sum(len(s.split(" ")) for s in sentences)


@pytest.mark.parametrize(
    ("name", "sentences", "tokens", "diseases", "treatments", "empty"),
    [("train", 2599, 45902, 1383, 1023, 1310), ("test", 1056, 18618, 571, 394, 533)],
)
def test_biotext(
    name: str, sentences: int, tokens: int, diseases: int, treatments: int, empty: int, corpora: Path
) -> None:
    corpus = read_corpus(corpora / "biotext" / "ner" / name, "biotext", KNOWN_LABELS["biotext"])
    assert sizes(corpus) == (sentences, tokens)
    assert types(corpus) == {DISEASE: diseases, TREATMENT: treatments}
    assert sum(not d.entities for d in corpus.documents) == empty
    assert corpus.documents[-1].note_id == f"{name}:{sentences - 1}"
    assert corpus.problems == ()


def test_biotext_as_a_folder(corpora: Path) -> None:
    assert len(read_corpus(corpora / "biotext" / "ner", "biotext").documents) == 3655


def test_mtsamples(corpora: Path) -> None:
    corpus = read_corpus(corpora / "mtsamples_ner" / "notes", "conll")
    assert len(corpus.documents) == 98
    assert sizes(corpus) == (972, 16602)
    # SOURCE.md counts B- labels, and tells of one I- label without its B-: that one is an entity more.
    orphans = [n for n in corpus.notices if "without a B-" in n.reason]
    assert len(orphans) == 1
    assert types(corpus) == {"problem": 919, "treatment": 258 + 1, "test": 206}
    known = read_corpus(corpora / "mtsamples_ner" / "notes", "conll", KNOWN_LABELS["mtsamples"])
    assert types(known) == {DISEASE: 919, TREATMENT: 259}


@pytest.mark.parametrize(
    ("file", "sentences", "tokens", "counts"),
    [
        ("psytar/train.conll", 3850, 62617, {"ADR": 2500, "DI": 462, "WD": 334, "SSI": 239}),
        ("psytar/dev.conll", 550, 8540, {"ADR": 293, "DI": 69, "WD": 40, "SSI": 29}),
        ("e3c_en/layer1_train.iob", 669, 12657, {"ety": 437}),
        ("ncbi_disease/iob/train.tsv", 5432, 136086, {"Disease": 5145}),
        ("ncbi_disease/iob/devel.tsv", 923, 23969, {"Disease": 787}),
        ("ncbi_disease/iob/test.tsv", 940, 24497, {"Disease": 960}),
    ],
)
def test_columns(file: str, sentences: int, tokens: int, counts: dict[str, int], corpora: Path) -> None:
    corpus = read_corpus(corpora / file, "conll")
    assert sizes(corpus) == (sentences, tokens)
    assert types(corpus) == counts
    assert (corpus.problems, corpus.notices) == ((), ())


@pytest.mark.parametrize(
    ("name", "documents", "counts", "mismatched"),
    [
        ("train", 593, (2972, 1289, 769, 115), 1),
        ("devel", 100, (412, 214, 126, 35), 0),
        ("test", 100, (555, 264, 121, 20), 0),
    ],
)
def test_ncbi(name: str, documents: int, counts: tuple[int, ...], mismatched: int, corpora: Path) -> None:
    corpus = read_corpus(corpora / "ncbi_disease" / f"{name}.PubTator.txt", "pubtator")
    assert len(corpus.documents) == documents
    assert len(corpus.problems) == mismatched
    stated = dict(zip(("SpecificDisease", "Modifier", "DiseaseClass", "CompositeMention"), counts, strict=True))
    stated["SpecificDisease"] -= mismatched  # the one whose offsets do not match its text is left out
    assert types(corpus) == stated
    twice = [n.reason for n in corpus.notices if "have the id" in n.reason]
    assert twice == (["2 documents have the id 8528200"] if name == "train" else [])


@pytest.mark.parametrize(
    ("name", "chemicals", "diseases", "relations"),
    [("CDR_TrainingSet", 5203, 4182, 1038), ("CDR_DevelopmentSet", 5347, 4244, 1012)],
)
def test_bc5cdr(name: str, chemicals: int, diseases: int, relations: int, corpora: Path) -> None:
    path = corpora / "bc5cdr" / f"{name}.PubTator.txt"
    corpus = read_corpus(path, "pubtator")
    assert (len(corpus.documents), corpus.problems) == (500, ())
    assert types(corpus) == {"Chemical": chemicals, "Disease": diseases}
    assert Counter(r.type for r in document_relations(path)) == {"CID": relations}
    assert {c.system for d in corpus.documents for e in d.entities for c in e.codes} == {"MeSH"}


@pytest.mark.parametrize(("name", "documents"), [("Train", 347), ("Dev", 84)])
def test_biored(name: str, documents: int, corpora: Path) -> None:
    corpus = read_corpus(corpora / "biored" / f"{name}.PubTator", "pubtator", KNOWN_LABELS["biored"])
    assert (len(corpus.documents), corpus.problems) == (documents, ())
    assert types(corpus).keys() == {DISEASE, TREATMENT}
