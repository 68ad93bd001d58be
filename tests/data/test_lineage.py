"""What a model has seen is known by its fingerprints, and no text can be read from them."""

from behealthy.data.lineage import data_hash, fingerprint, fingerprints, seen
from behealthy.note import Extraction


def test_a_copy_is_known_whatever_its_spaces_case_and_signs():
    assert fingerprint("Fever,  no cough.\r\n") == fingerprint("fever no cough")
    assert fingerprint("Fever, no cough") != fingerprint("Cough, no fever")


LONG = "Fever for three days with a productive cough and pleuritic pain."


def test_seen_counts_the_documents_that_a_manifest_names():
    taught = [Extraction("1", LONG), Extraction("2", LONG[::-1]), Extraction("3", LONG.lower())]
    facts = {"data": {"seen": fingerprints(taught)}}
    assert len(facts["data"]["seen"]) == 2
    assert seen(facts, [Extraction("x", LONG.upper()), Extraction("y", "rash " + LONG), Extraction("z", "\ud800")]) == 1
    assert seen({}, taught) == 0


def test_what_everybody_writes_is_nobodys_copy():
    taught = [Extraction("1", ""), Extraction("2", "---"), Extraction("3", "No fever.")]
    assert fingerprints(taught) == []
    assert seen({"data": {"seen": [fingerprint("No fever.")]}}, taught) == 0


def test_fingerprints_hold_no_words():
    assert all(len(f) == 12 and not set(f) - set("0123456789abcdef") for f in fingerprints([Extraction("1", LONG)]))


def test_the_hash_of_data_depends_on_text_marks_and_order():
    a, b = Extraction("1", "Fever."), Extraction("2", "Cough.")
    assert data_hash([a, b]) != data_hash([b, a])
