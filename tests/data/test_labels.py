"""Label maps: as typed, and those we ship."""

import pytest

from behealthy.data.formats import KNOWN_LABELS, parse_label_map
from behealthy.errors import LabelError
from behealthy.note import DISEASE, TREATMENT


def test_a_map_is_read_as_typed() -> None:
    assert parse_label_map([" problem = DISEASE", "SSI=DISEASE", "SSI=DISEASE"]) == {"problem": DISEASE, "SSI": DISEASE}
    assert parse_label_map([]) == {}


def test_every_bad_item_is_named_at_once() -> None:
    with pytest.raises(LabelError) as refused:
        parse_label_map(["problem", "=DISEASE", "a=", "b=c=d", "x=DISEASE", "x=TREATMENT"])
    for item in ("'problem'", "'=DISEASE'", "'a='", "'b=c=d'", "'x=TREATMENT' contradicts x=DISEASE"):
        assert item in str(refused.value)


def test_known_maps_lead_to_our_types_only() -> None:
    assert {new for labels in KNOWN_LABELS.values() for new in labels.values()} == {DISEASE, TREATMENT}
