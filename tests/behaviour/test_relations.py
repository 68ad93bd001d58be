"""What is linked with what: one case a line in `relation_cases.tsv`."""

import re
from pathlib import Path

import pytest

from behealthy.extract.marked import mark
from behealthy.extract.relations import Linker
from behealthy.extract.tokens import Vocabulary
from behealthy.note import RELATION_TYPES
from behealthy.registry.bundle import load_linker

ROWS = Path(__file__).with_name("relation_cases.tsv").read_text(encoding="utf-8").splitlines()[1:]
MARK = re.compile(r"\[([^]]+)\]|\{([^}]+)\}")


def cases() -> list[object]:
    out = []
    for row in ROWS:
        text, wanted, *known = row.split("\t")
        fails = [pytest.mark.xfail(strict=True, reason=known[0])] if known else []
        out.append(pytest.param(text.replace("\\n", "\n"), wanted, marks=fails, id=text[:40]))
    return out


def unmarked(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    plain, spans, at = "", [], 0
    for found in MARK.finditer(text):
        plain += text[at : found.start()]
        words = found[1] or found[2]
        spans.append((len(plain), len(plain) + len(words), "DISEASE" if found[1] else "TREATMENT"))
        plain += words
        at = found.end()
    return plain + text[at:], spans


@pytest.fixture(scope="module")
def linker() -> Linker:
    return load_linker()


@pytest.mark.parametrize(("text", "wanted"), cases())
def test_case(linker: Linker, text: str, wanted: str) -> None:
    plain, spans = unmarked(text)
    links = linker.link(mark([plain], [spans], Vocabulary()))
    named = [plain[start:end] for start, end, _ in spans]
    found = {
        f"{named[h]} {RELATION_TYPES[k]} {named[t]}" for h, t, k in zip(links.head, links.tail, links.type, strict=True)
    }
    assert found == set(filter(None, wanted.split(";")))
