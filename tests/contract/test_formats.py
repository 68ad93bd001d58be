"""What every annotation format must do, whatever it looks like inside.

`CARRIES` declares what each format cannot keep; a format without a row here fails the suite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from behealthy.data.formats import FORMATS, Corpus, read_corpus, write_corpus
from behealthy.errors import FormatError, UnreadableFile
from behealthy.extract.tokens import tokenize
from behealthy.note import ASSERTIONS, DISEASE, TREATMENT, Code, Entity, Extraction, Relation, entity_at


@dataclass(frozen=True)
class Carries:
    """What survives writing and reading, and how the files of one writing are named."""

    target: str  # what write_corpus is given, under a folder; {} is a name of the test's choice
    files: tuple[str, ...]  # what it then makes, for a document of that name
    ids: bool = True
    text: str = "exact"  # or "flat" (line ends become spaces) or "tokens"
    touching: bool = True  # entities of one type side by side
    codes: bool = False
    judgements: bool = False  # assertion, section, attributes
    relations: bool = False
    scores: bool = False


CARRIES = {
    "conll": Carries("{}.conll", ("{}.conll",), text="tokens"),
    "biotext": Carries("{}", ("{}_sent", "{}_label"), ids=False, text="tokens", touching=False),
    "brat": Carries("", ("{}.txt", "{}.ann"), codes=True, judgements=True, relations=True),
    "pubtator": Carries("{}.pubtator", ("{}.pubtator",), text="flat", codes=True),
    "jsonl": Carries("{}.jsonl", ("{}.jsonl",), codes=True, judgements=True, relations=True, scores=True),
}
every_format = pytest.mark.parametrize("name", sorted(FORMATS))


def test_every_format_is_in_the_table() -> None:
    assert CARRIES.keys() == FORMATS.keys()


# Documents as hypothesis makes them: words of any script, entities over whole words, side by side or not.

WORDS = st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd")), min_size=1, max_size=6)
GAPS = st.sampled_from([" ", " ", " ", "\n", "\n\n", "\r\n", ". ", ", ", "-", " \U0001f600 "])
CODES = st.sampled_from([(), (Code("MeSH", "D001249", ""),), (Code("OMIM", "164400", ""), Code("MeSH", "C537666", ""))])
ATTRIBUTES = st.sampled_from([{}, {"dose": "5 mg"}, {"dose": "2", "route": "oral"}])
CHUNKS = st.lists(
    st.tuples(
        st.lists(st.tuples(WORDS, GAPS), min_size=1, max_size=3),
        st.sampled_from([None, DISEASE, TREATMENT, "severe_finding"]),
        st.sampled_from([None, *ASSERTIONS]),
        st.sampled_from([None, "Plan", "Past history"]),
        CODES,
        ATTRIBUTES,
        st.sampled_from([1.0, 0.25, 0.031]),
    ),
    min_size=1,
    max_size=8,
)


def build(note_id: str, chunks: Sequence[tuple[Any, ...]], related: bool) -> Extraction:
    text = ""
    places = []
    for words, type_, assertion, section, codes, attributes, score in chunks:
        start = len(text)
        for word, gap in words:
            text += word + gap
        if type_ is not None:
            end = len(text) - len(words[-1][1])
            given_ = {"assertion": assertion, "section": section, "codes": codes, "attributes": attributes}
            places.append((start, end, type_, {**given_, "score": score}))
    text = text.rstrip()
    entities = tuple(entity_at(text, a, b, t, id=f"e{n}", **more) for n, (a, b, t, more) in enumerate(places, 1))
    relations = (Relation("TREATS", "e2", "e1", 0.5),) if related and len(entities) > 1 else ()
    return Extraction(note_id, text, entities, relations)


DOCUMENTS = st.lists(st.tuples(CHUNKS, st.booleans()), min_size=1, max_size=3).map(
    lambda all_: [build(f"note-{n}:a", chunks, related) for n, (chunks, related) in enumerate(all_)]
)


def untouching(document: Extraction) -> Extraction:
    """Leave out entities that only a token's border parts from one of their own type."""
    kept: list[Entity] = []
    for e in document.entities:
        if not (kept and kept[-1].type == e.type and not document.text[kept[-1].end : e.start].strip()):
            kept.append(e)
    return replace(document, entities=tuple(kept), relations=())


def seen(documents: Sequence[Extraction], carries: Carries) -> Any:
    """Give what the format promises to keep of the documents, in a form that compares."""
    if carries.text == "tokens":
        out: list[Any] = []
        for d in documents:
            tokens = tokenize(d.text)
            starts, ends = tokens.starts.tolist(), tokens.ends.tolist()
            spans = [(starts.index(e.start), ends.index(e.end), e.type) for e in d.entities]
            out.append((d.note_id, list(tokens), spans))
        if carries.ids:
            return out
        # Without ids the borders of documents are gone too: compare one long run.
        words: list[str] = []
        all_spans: list[tuple[int, int, str]] = []
        for _, tokens_, spans in out:
            all_spans += [(a + len(words), b + len(words), t) for a, b, t in spans]
            words += tokens_
        return words, all_spans

    def text_of(text: str) -> str:
        return text if carries.text == "exact" else text.replace("\n", " ").replace("\r", " ")

    def entity_of(e: Entity) -> Any:
        more: list[Any] = []
        if carries.codes:
            more.append(e.codes)
        if carries.judgements:
            more += [e.assertion, e.section, dict(e.attributes)]
        if carries.scores:
            more += [e.score, e.id]
        return (e.start, e.end, text_of(e.text), e.type, *more)

    found = []
    for d in documents:
        place = {e.id: (e.start, e.end) for e in d.entities}
        relations = [(r.type, place[r.head], place[r.tail]) for r in d.relations] if carries.relations else []
        found.append((d.note_id, text_of(d.text), [entity_of(e) for e in d.entities], relations))
    return sorted(found)


@every_format
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=DOCUMENTS)
def test_what_is_written_is_read_back(
    name: str, documents: list[Extraction], tmp_path_factory: pytest.TempPathFactory
) -> None:
    carries = CARRIES[name]
    if not carries.touching:
        documents = [untouching(d) for d in documents]
    path = tmp_path_factory.mktemp("out") / carries.target.format("some")
    write_corpus(documents, path, name)
    corpus = read_corpus(path, name)
    assert corpus.problems == ()
    assert seen(corpus.documents, carries) == seen(documents, carries)
    for d in corpus.documents:
        assert all(d.text[e.start : e.end] == e.text for e in d.entities)
        assert len({e.id for e in d.entities}) == len(d.entities)


def example(note_id: str = "one") -> Extraction:
    text = "Her café asthma eased with salbutamol after a chest film."
    spans = [("asthma", DISEASE), ("salbutamol", TREATMENT), ("chest film", "TEST")]
    entities = [
        entity_at(text, text.index(w), text.index(w) + len(w), t, id=f"e{n}") for n, (w, t) in enumerate(spans, 1)
    ]
    return Extraction(note_id, text, tuple(entities), (Relation("TREATS", "e2", "e1"), Relation("SHOWS", "e3", "e1")))


def written(name: str, folder: Path, stem: str = "one") -> list[Path]:
    """Write the example and give the files it became."""
    carries = CARRIES[name]
    write_corpus([example(stem)], folder / carries.target.format(stem), name)
    return [folder / file.format(stem) for file in carries.files]


def plant(name: str, folder: Path, stem: str, data: bytes) -> Path:
    """Put the same bytes into each file of a document; give the path that names them."""
    folder.mkdir(exist_ok=True)
    files = [folder / file.format(stem) for file in CARRIES[name].files]
    for file in files:
        file.write_bytes(data)
    return files[0]


def types(corpus: Corpus) -> list[list[str]]:
    return [[e.type for e in d.entities] for d in corpus.documents]


@every_format
def test_types_are_kept_without_a_map_renamed_by_it_and_ignored_where_it_is_silent(name: str, tmp_path: Path) -> None:
    file = written(name, tmp_path)[0]
    assert types(read_corpus(file, name)) == [[DISEASE, TREATMENT, "TEST"]]
    renamed = read_corpus(file, name, {DISEASE: "problem", TREATMENT: "treatment"})
    assert types(renamed) == [["problem", "treatment"]]
    assert len(renamed.documents[0].relations) == int(CARRIES[name].relations)  # the one that touches TEST goes too


@every_format
def test_a_map_that_names_nothing_of_the_file_is_told(name: str, tmp_path: Path) -> None:
    corpus = read_corpus(written(name, tmp_path)[0], name, {"D": DISEASE})
    assert types(corpus) == [[]]
    assert any("names none of its types (DISEASE, TEST, TREATMENT)" in n.reason for n in corpus.notices)


@every_format
def test_a_bad_file_among_good_ones_is_told_and_the_rest_goes_through(name: str, tmp_path: Path) -> None:
    written(name, tmp_path, "a")
    plant(name, tmp_path, "b", b"\x89PNG\0\0\x01")
    written(name, tmp_path, "c")
    corpus = read_corpus(tmp_path, name)
    assert len(corpus.documents) == 2
    assert len(corpus.problems) == 1
    assert "/b" in corpus.problems[0].path
    assert "NUL byte" in corpus.problems[0].reason


@every_format
def test_a_folder_of_bad_files_alone_is_refused_with_every_problem(name: str, tmp_path: Path) -> None:
    plant(name, tmp_path, "a", b"\0")
    plant(name, tmp_path, "b", b"")
    with pytest.raises(FormatError) as refused:
        read_corpus(tmp_path, name)
    assert {Path(p.path).name[0] for p in refused.value.problems} == {"a", "b"}


@every_format
def test_an_empty_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"some.*is empty"):
        read_corpus(plant(name, tmp_path, "some", b""), name)


@every_format
def test_a_folder_without_such_files_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "README.rst").write_text("nothing here")
    with pytest.raises(FormatError, match=f"no {name} file"):
        read_corpus(tmp_path, name)


@every_format
def test_what_is_no_text_is_unreadable(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"some.*NUL byte at offset 2"):
        read_corpus(plant(name, tmp_path, "some", b"ab\0"), name)
    with pytest.raises(UnreadableFile, match=r"nowhere.*no such"):
        read_corpus(tmp_path / "nowhere", name)


@every_format
def test_the_size_limit_is_kept_to_the_byte(name: str, tmp_path: Path) -> None:
    files = written(name, tmp_path)
    size = max(file.stat().st_size for file in files)
    assert read_corpus(files[0], name, max_bytes=size).documents
    with pytest.raises(UnreadableFile, match=f"larger than the limit of {size - 1} bytes"):
        read_corpus(files[0], name, max_bytes=size - 1)


@every_format
def test_latin_1_is_read_and_told(name: str, tmp_path: Path) -> None:
    files = written(name, tmp_path)
    sound = read_corpus(files[0], name)
    for file in files:
        file.write_bytes(file.read_bytes().decode("utf-8").encode("latin-1"))
    corpus = read_corpus(files[0], name)
    assert corpus.documents == sound.documents
    assert "café" in corpus.documents[0].text
    assert ["not UTF-8" in n.reason for n in corpus.notices] == [True]


@every_format
def test_one_broken_byte_spoils_one_line(name: str, tmp_path: Path) -> None:
    files = written(name, tmp_path)
    for file in files:
        file.write_bytes(file.read_bytes().replace("é".encode(), b"\xc3"))
    corpus = read_corpus(files[0], name)
    assert "cafÃ" in corpus.documents[0].text
    assert any("1 line is not UTF-8" in n.reason for n in corpus.notices)


@every_format
def test_a_byte_order_mark_is_no_text(name: str, tmp_path: Path) -> None:
    files = written(name, tmp_path)
    sound = read_corpus(files[0], name)
    for file in files:
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_corpus(files[0], name) == sound


@every_format
def test_windows_line_ends_of_rows_are_no_text(name: str, tmp_path: Path) -> None:
    files = written(name, tmp_path)
    sound = read_corpus(files[0], name)
    for file in files:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_corpus(files[0], name) == sound


@every_format
@pytest.mark.parametrize("shape", ["Kowalczyk {} " * 9_000, "Kowalczyk" * 12_000, "Kowalczyk has\tasthma 7\n" * 50])
def test_prose_is_refused_quickly_and_never_quoted(name: str, shape: str, tmp_path: Path, seconds: Any) -> None:
    path = plant(name, tmp_path, "some", shape.encode())
    messages = []

    def read() -> None:
        try:
            corpus = read_corpus(path, name)
            messages.extend([*corpus.problems, *corpus.notices])
            assert name in ("brat", "biotext", "conll")  # any text is a brat document, any two columns are a table
        except FormatError as refused:
            messages.extend(refused.problems)
            assert messages

    assert seconds(read, repeats=1) < 5
    assert not any("Kowalczyk" in m.reason or "asthma 7" in m.reason for m in messages)


@every_format
def test_a_line_of_100_kilobytes_is_read(name: str, tmp_path: Path) -> None:
    text = "asthma " + "word " * 21_000 + "end"
    document = Extraction("long", text, (entity_at(text, 0, 6, DISEASE, id="e1"),))
    path = tmp_path / CARRIES[name].target.format("long")
    write_corpus([document], path, name)
    corpus = read_corpus(path, name)
    assert [e.text for d in corpus.documents for e in d.entities] == ["asthma"]
    assert sum(len(d.text) for d in corpus.documents) >= 100_000


@pytest.mark.parametrize("name", sorted(n for n, c in CARRIES.items() if c.text != "tokens"))
def test_an_entity_inside_a_token_is_told(name: str, tmp_path: Path) -> None:
    text = "Hyperthyroidism."
    document = Extraction("h", text, (entity_at(text, 5, 15, DISEASE, id="e1"),))
    path = tmp_path / CARRIES[name].target.format("h")
    write_corpus([document], path, name)
    corpus = read_corpus(path, name)
    assert len(corpus.documents[0].entities) == 1
    assert [n.reason for n in corpus.notices] == ["document h: DISEASE [5, 15) begins off a token boundary"]


@every_format
def test_documents_of_one_id_are_told(name: str, tmp_path: Path) -> None:
    carries = CARRIES[name]
    path = tmp_path / carries.target.format("some")
    if name == "brat":
        with pytest.raises(FormatError, match="which another document has too"):
            write_corpus([example("x"), example("x")], path, name)
        assert not list(tmp_path.iterdir())
        return
    write_corpus([example("x"), example("x")], path, name)
    told = [n.reason for n in read_corpus(path, name).notices]
    assert told == (["2 documents have the id x"] if carries.ids else [])


@every_format
def test_a_lone_surrogate_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"lone surrogate U\+D800"):
        write_corpus([Extraction("s", "fever \ud800 x")], tmp_path / CARRIES[name].target.format("s"), name)
    assert not list(tmp_path.iterdir())


DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 6),
        st.sampled_from(
            [b"", b"\n", b"\n\n", b"\t", b" ", b"|", b"7", b"-1", b"9" * 5000, b"\xff", b"T1", b";", b'"', b"{"]
        ),
    ),
    min_size=1,
    max_size=6,
)


@every_format
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damage=DAMAGE, which=st.integers(0, 1))
def test_a_damaged_file_gives_exact_offsets_or_our_error(
    name: str, damage: list[tuple[int, int, bytes]], which: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = written(name, tmp_path_factory.mktemp("damaged"))
    data = files[which % len(files)].read_bytes()
    for place, length, put in damage:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + length :]
    files[which % len(files)].write_bytes(data)
    try:
        corpus = read_corpus(files[0], name)
    except (FormatError, UnreadableFile):
        return
    for d in corpus.documents:
        assert all(e.text and d.text[e.start : e.end] == e.text for e in d.entities)
        assert {i for r in d.relations for i in (r.head, r.tail)} <= {e.id for e in d.entities}


def test_an_unknown_format_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"format 'xml' is none of conll, brat, pubtator, biotext, jsonl"):
        read_corpus(tmp_path, "xml")
    with pytest.raises(FormatError, match="format 'xml' is none of"):
        write_corpus([], tmp_path / "x", "xml")
