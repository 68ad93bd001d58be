"""How the shipped model is made: its sources, its capitals, what partly marked documents leave open."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from behealthy.errors import TrainingError, UnreadableFile
from behealthy.extract.extractor import Extractor
from behealthy.learn import starter
from behealthy.learn.crf import Partial, Recipe, train
from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at

ROOT = Path(__file__).resolve().parents[2]
TYPES = (DISEASE, TREATMENT)


def marked(text: str, *spans: tuple[str, str], id: str = "n") -> Extraction:
    entities = [entity_at(text, text.index(w), text.index(w) + len(w), kind, assertion="present") for w, kind in spans]
    return Extraction(id, text, tuple(entities))


# Capitals ------------------------------------------------------------------------------------------------------------


def test_every_fourth_note_comes_once_more_in_capitals() -> None:
    documents = [marked(f"Aspirin for gout, day {i}.", ("gout", DISEASE), id=f"n{i}") for i in range(9)]
    out = starter.with_capitals(documents)
    assert out[:9] == documents
    assert [d.note_id for d in out[9:]] == ["n0-capitals", "n4-capitals", "n8-capitals"]
    shouted = out[9]
    assert shouted.text == "ASPIRIN FOR GOUT, DAY 0."
    (entity,) = shouted.entities
    assert (entity.text, entity.type, entity.assertion) == ("GOUT", DISEASE, "present")
    assert shouted.text[entity.start : entity.end] == entity.text


def test_a_note_that_grows_in_capitals_stays_as_it_is() -> None:
    """'ß' is two letters in capitals, and every offset behind it would move."""
    documents = [marked("Straßer has gout.", ("gout", DISEASE))]
    assert starter.with_capitals(documents) == documents


# Partly marked documents ---------------------------------------------------------------------------------------------

# Our own notes know two diseases and one treatment. The others mark diseases, never treatments: their authors did not
# look for them, and that must not be learned as "not a treatment".
OWN = [
    marked("Gout was seen.", ("Gout", DISEASE)),
    marked("Asthma was seen.", ("Asthma", DISEASE)),
    marked("Give aspirin now.", ("aspirin", TREATMENT)),
    marked("Nothing was seen."),
] * 3
OTHERS = [
    marked("Scurvy was seen.", ("Scurvy", DISEASE)),
    marked("Give zorvex now."),
    marked("Monday was seen."),
] * 3
RECIPE = Recipe(TYPES, l2=0.1, lean=0.0, iterations=60)


def found(complete: tuple[str, ...], text: str, weight: float = 1.0) -> list[tuple[str, str]]:
    weights = train(OWN, RECIPE, partials=[Partial(OTHERS, complete, weight)])
    return [(e.text, e.type) for e in Extractor(weights)(text).entities]


def test_what_partly_marked_documents_mark_is_learned() -> None:
    assert [(e.text, e.type) for e in Extractor(train(OWN, RECIPE))("Scurvy.").entities] == []
    assert found((DISEASE,), "Scurvy.") == [("Scurvy", DISEASE)]


def test_what_they_did_not_look_for_stays_open() -> None:
    assert found((DISEASE,), "Give zorvex now.") == [("zorvex", TREATMENT)]
    assert found(TYPES, "Give zorvex now.") == []


def test_what_they_did_look_for_is_no_disease() -> None:
    assert found((DISEASE,), "Monday was seen.") == []


def test_documents_that_weigh_nothing_teach_nothing() -> None:
    assert found((DISEASE,), "Scurvy.", weight=0.0) == []


def test_crfsuite_refuses_partly_marked_documents() -> None:
    with pytest.raises(TrainingError, match="CRFsuite cannot learn from partly marked documents"):
        train(OWN, Recipe(TYPES, trainer="crfsuite"), partials=[Partial(OTHERS, (DISEASE,), 1.0)])


# Sources -------------------------------------------------------------------------------------------------------------


def test_a_source_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="bc5cdr"):
        starter.build_classes(tmp_path, ROOT / "examples" / "notes", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_source_states_its_terms() -> None:
    assert all(source.terms for source in starter.SOURCES.values())


@pytest.mark.slow
def test_what_ships_is_what_the_sources_give(corpora: Path) -> None:
    """Bit for bit, with the processor's instructions pinned as the Makefile pins them."""
    (pinned,) = re.findall(r"^PINNED := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    environ = dict(word.split("=", 1) for word in shlex.split(pinned))
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "starter.py", "--check"],
        env=os.environ | environ | {"BEHEALTHY_CORPORA": str(corpora)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
