"""Who plays in the story: notes that differ, and documents that keep to their part."""

from pathlib import Path

import pytest

from behealthy.errors import UnreadableFile
from behealthy.simulate import sources
from behealthy.simulate.sources import Cast

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"
WINDOW = 200


@pytest.fixture(scope="module")
def cast() -> Cast:
    return sources.from_examples(EXAMPLES, WINDOW, 0)


def holds(cast: Cast) -> None:
    """Check what any cast must keep."""
    parts = [cast.taught, cast.held_out, (*cast.earlier, *cast.steady), cast.changed]
    documents = [{d.patient_id for d in part} for part in parts]
    for i, own in enumerate(documents):
        assert None not in own
        assert not any(own & other for other in documents[i + 1 :])
    everything = [d for part in parts for d in part]
    assert len({d.text for d in everything}) == len({d.note_id for d in everything}) == len(everything)
    assert all(d.text[e.start : e.end] == e.text for d in everything for e in d.entities)
    assert len(cast.earlier) == WINDOW
    assert len(cast.steady) >= 2 * WINDOW
    assert len(cast.changed) >= 4 * WINDOW


def test_documents_keep_to_their_part(cast: Cast) -> None:
    holds(cast)


def test_the_two_styles_differ_in_how_they_are_written(cast: Cast) -> None:
    def words(notes: sources.Notes) -> list[str]:
        return " ".join(d.text.lower() for d in notes).split()

    usual, other = words(cast.steady), words(cast.changed)
    assert usual.count("the") / len(usual) > 3 * other.count("the") / len(other)


def test_the_same_seed_gives_the_same_cast(cast: Cast) -> None:
    assert sources.from_examples(EXAMPLES, WINDOW, 0) == cast
    assert sources.from_examples(EXAMPLES, WINDOW, 1).changed != cast.changed


def test_too_few_notes_are_no_story(tmp_path: Path) -> None:
    for path in sorted(EXAMPLES.glob("dict-0*")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UnreadableFile, match="too few for a story"):
        sources.from_examples(tmp_path, WINDOW, 0)


def test_the_corpora_play_where_they_are(corpora: Path, tmp_path: Path) -> None:
    assert sources.has_corpora(corpora)
    assert not sources.has_corpora(tmp_path)
    cast = sources.from_corpora(corpora, WINDOW, 0)
    holds(cast)
    assert len(cast.taught) >= 800
