"""The page of extractions: whole, escaped, readable in light and dark, and unmoved by bad spans."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.render import marked, to_html
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction, Relation, entity_at

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Reads a page back: its text, marks and table rows; fails on a tag that does not close in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.marks, self.rows, self.tags = [], "", [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marks.append([dict(attrs), ""])
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if "mark" in self.open:
            self.marks[-1][1] += data
        if "td" in self.open:
            self.rows[-1][-1] += data


def note(text, *found, links=(), **given):
    entities = []
    for i, (words, kind, *more) in enumerate(found, 1):
        start = text.index(words)
        entities.append(
            entity_at(text, start, start + len(words), kind, score=0.9, id=f"e{i}", assertion=more[0] if more else None)
        )
    return Extraction("n", text, tuple(entities), tuple(Relation(*link) for link in links), **given)


ASTHMA = note(
    "Asthma eased by albuterol. No eczema. Takes zinc. asthma again.",
    ("Asthma", DISEASE),
    ("albuterol", TREATMENT),
    ("eczema", DISEASE, "negated"),
    ("zinc", TREATMENT),
    ("asthma", DISEASE),
    links=[("TREATS", "e2", "e1", 0.7), ("TREATS", "e2", "e5", 0.8), ("TREATS", "e2", "e99", 0.9)],
)


def test_the_table_says_once_what_treats_what_and_then_what_is_alone():
    rows = [row for row in Reader(to_html([("a.txt", ASTHMA)], "Found")).rows if row]
    assert rows == [["Asthma", "–", "albuterol"], ["eczema (negated)", "–", "–"], ["–", "–", "zinc"]]


def test_links_that_do_not_treat_say_so():
    causes = note("Rash from zinc.", ("Rash", DISEASE), ("zinc", TREATMENT), links=[("CAUSES", "e2", "e1", 0.5)])
    assert ["Rash", "–", "zinc (causes)"] in Reader(to_html([("a", causes)], "t")).rows


def test_entities_without_ids_are_linked_by_their_number():
    text = "Gout: colchicine."
    gout, drug = entity_at(text, 0, 4, DISEASE), entity_at(text, 6, 16, TREATMENT)
    page = to_html([("a", Extraction("n", text, (gout, drug), (Relation("TREATS", "e2", "e1", 0.4),)))], "t")
    assert ["Gout", "–", "colchicine"] in Reader(page).rows


def test_marks_carry_type_and_score():
    attributes, words = Reader(marked(ASTHMA.text, ASTHMA.entities)).marks[2]
    assert words == "eczema"
    assert attributes["class"].split() == ["disease", "negated"]
    assert "DISEASE" in attributes["title"]
    assert "0.90" in attributes["title"]


def test_every_note_can_be_reached_from_the_list():
    tags = Reader(to_html([("a", ASTHMA), ("b", ASTHMA)], "t")).tags
    links = [a["href"][1:] for tag, a in tags if tag == "a"]
    assert links == [a["id"] for tag, a in tags if tag == "article"]
    assert len(links) == 2


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title></style>&amp;"]
)
def test_everything_that_comes_from_outside_is_escaped(evil):
    everywhere = Extraction(
        evil,
        f"a {evil} b",
        (Entity(2, 2 + len(evil), evil, DISEASE, assertion=evil, section=evil), Entity(0, 1, "a", evil)),
        (Relation(evil, "e1", "e1", 1.0),),
        model_version=evil,
        warnings=(evil,),
    )
    page = to_html([(evil, everywhere)], evil)
    read = Reader(page)
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "img"})
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    assert f"a {evil} b" in read.text


def test_the_page_loads_nothing():
    page = to_html([("a", ASTHMA)], "t")
    assert not re.search(r"https?:|url\(|@import|<link|<script|src=", page)
    assert "default-src 'none'" in page


spans = st.lists(st.tuples(st.integers(-3, 25), st.integers(-3, 25), st.sampled_from([DISEASE, TREATMENT, "OTHER"])))


@given(st.text(max_size=20), spans)
def test_any_spans_leave_the_text_whole_and_the_marks_closed(text, found):
    text = text.replace("\r", " ").replace("\0", " ")
    html = marked(text, [Entity(start, end, "?", kind) for start, end, kind in found])
    assert Reader(html).text == text


@given(st.text(min_size=20, max_size=20, alphabet="ab <&"), spans)
def test_each_character_lies_in_as_many_marks_as_entities_cover_it(text, found):
    html = marked(text, [Entity(start, end, "?", kind) for start, end, kind in found])
    depths, depth = [], 0
    for piece in re.findall(r"<mark[^>]*>|</mark>|&\w+;|.", html):
        if piece.startswith("<mark"):
            depth += 1
        elif piece == "</mark>":
            depth -= 1
        else:
            depths.append(depth)
    assert depths == [sum(max(s, 0) <= i < e for s, e, _ in found) for i in range(20)]


def test_a_nested_entity_lies_inside_the_longer_one():
    html = marked("lung cancer", [Entity(0, 4, "lung", "SITE"), Entity(0, 11, "lung cancer", DISEASE)])
    assert [a["class"] for a, _ in Reader(html).marks] == ["disease", "other", "disease"]


def test_no_notes_and_empty_notes_are_said_in_words():
    assert "No notes yet" in to_html([], "t")
    assert "Nothing found in this note" in to_html([("a", Extraction("n", ""))], "t")


def test_a_lone_surrogate_does_not_stop_the_file_from_being_written():
    assert "gout" in to_html([("a", Extraction("n", "gout \ud800"))], "t").encode("utf-8").decode()


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_aa(scheme):
    """WCAG 2.2: 4.5 for text on every ground it stands on, 3 for the lines that tell types apart."""
    block = re.findall(r":root \{([^}]*)\}", to_html([], "t"))[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    grounds = ["page", "card", "disease", "treatment", "other"]
    failing = {
        (ink, ground): round(contrast(colours[ink], colours[ground]), 2)
        for ink in ("ink", "muted")
        for ground in grounds
        if contrast(colours[ink], colours[ground]) < 4.5
    }
    failing |= {
        kind: contrast(colours[f"{kind}-line"], colours["card"])
        for kind in ("disease", "treatment", "other")
        if contrast(colours[f"{kind}-line"], colours["card"]) < 3
    }
    assert contrast(colours["accent"], colours["page"]) >= 4.5
    assert contrast(colours["ink"], colours["bar"]) >= 4.5
    assert failing == {}
