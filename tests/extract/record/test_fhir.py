"""FHIR: valid R4 resources, and never more said of a patient than the note says."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from behealthy.data.formats import read_corpus
from behealthy.extract.record.fhir import SPAN, to_bundle
from behealthy.note import ASSERTIONS, DISEASE, TREATMENT, Code, Extraction, Relation, entity_at

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "notes"
TEXT = "Gout: allopurinol 100 mg daily, joint aspiration. Hives."


def bundle(status: str = "present", drug: str = "present", section: str | None = None) -> dict[str, Any]:
    text, gout = TEXT, Code("ICD-10-CM", "M10.9", "Gout, unspecified")
    parts = [
        entity_at(text, 0, 4, DISEASE, id="d", assertion=status, codes=(gout,)),
        entity_at(text, 6, 17, TREATMENT, id="t", assertion=drug, section=section,
                  attributes={"dose": "100 mg", "route": "oral", "frequency": "daily"}),
        entity_at(text, 32, 48, TREATMENT, id="p", assertion=drug),
        entity_at(text, 50, 55, DISEASE, id="h", assertion="historical"),
    ]  # fmt: skip
    links = (Relation("TREATS", "t", "d"), Relation("TREATS", "p", "d"), Relation("CAUSES", "t", "h"))
    return to_bundle([Extraction("n", text, tuple(parts), links, "starter-1", patient_id="pat")], WHEN)


def of_type(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == kind]


def code(concept: dict[str, Any]) -> str:
    return str(concept["coding"][0]["code"])


def test_our_own_notes_make_a_valid_bundle() -> None:
    documents = read_corpus(EXAMPLES, "brat").documents[::10]
    made = to_bundle(documents, WHEN)
    read = Bundle.model_validate(json.loads(json.dumps(made)))
    assert len(read.entry) == len(made["entry"]) > 300


@pytest.mark.parametrize("status", ASSERTIONS)
@pytest.mark.parametrize("drug", ASSERTIONS)
@pytest.mark.parametrize("section", [None, "allergies"])
def test_every_status_makes_a_valid_bundle_and_every_reference_leads_somewhere(
    status: str, drug: str, section: str | None
) -> None:
    made = bundle(status, drug, section=section)
    Bundle.model_validate(json.loads(json.dumps(made)))
    urls = [entry["fullUrl"] for entry in made["entry"]]
    assert len({*urls}) == len(urls)
    assert {*references(made)} <= {*urls}


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [v for k, v in value.items() if k == "reference"] + [r for v in value.values() for r in references(v)]
    return [r for v in value for r in references(v)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("status", "verification", "clinical"),
    [
        ("present", "unconfirmed", "active"),
        ("possible", "unconfirmed", None),
        ("historical", "unconfirmed", "inactive"),
        ("negated", "refuted", None),
    ],
)
def test_a_condition_says_no_more_than_the_note(status: str, verification: str, clinical: str | None) -> None:
    condition = of_type(bundle(status), "Condition")[0 if status != "negated" else -1]
    assert code(condition["verificationStatus"]) == verification
    assert (code(condition["clinicalStatus"]) if "clinicalStatus" in condition else None) == clinical
    assert condition["code"]["coding"][0] == {
        "system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M10.9", "display": "Gout, unspecified",
    }  # fmt: skip


def test_a_relatives_illness_is_never_the_patients() -> None:
    made = bundle("family")
    assert [c["code"]["text"] for c in of_type(made, "Condition")] == ["Hives"]
    (history,) = of_type(made, "FamilyMemberHistory")
    assert history["condition"][0]["code"]["text"] == "Gout"


def test_the_relative_is_named() -> None:
    text = "Father well.\nMaternal grandmother had gout, brother asthma."
    gout, asthma = text.index("gout"), text.index("asthma")
    found = (
        entity_at(text, gout, gout + 4, DISEASE, assertion="family", id="1"),
        entity_at(text, asthma, asthma + 6, DISEASE, assertion="family", id="2"),
    )
    made = of_type(to_bundle([Extraction("n", text, found)], WHEN), "FamilyMemberHistory")
    assert [(code(m["relationship"]), m["relationship"]["text"]) for m in made] == [
        ("MGRMTH", "maternal grandmother"), ("BRO", "brother"),
    ]  # fmt: skip


def test_what_might_happen_is_no_statement() -> None:
    made = bundle("hypothetical")
    assert [c["code"]["text"] for c in of_type(made, "Condition")] == ["Hives"]


@pytest.mark.parametrize(
    ("drug", "medication", "procedure"),
    [
        ("present", "active", "unknown"),
        ("negated", "not-taken", "not-done"),
        ("historical", "completed", "completed"),
        ("hypothetical", "intended", None),
        ("family", None, None),
    ],
)
def test_drugs_and_procedures_have_their_status(drug: str, medication: str | None, procedure: str | None) -> None:
    made = bundle(drug=drug)
    assert [m["status"] for m in of_type(made, "MedicationStatement")] == [s for s in [medication] if s]
    assert [p["status"] for p in of_type(made, "Procedure")] == [s for s in [procedure] if s]


def test_a_treatment_names_its_reason_and_its_dose() -> None:
    made = bundle()
    (drug,) = of_type(made, "MedicationStatement")
    gout = next(e["fullUrl"] for e in made["entry"] if e["resource"].get("code", {}).get("text") == "Gout")
    assert drug["reasonReference"] == [{"reference": gout}]
    assert drug["dosage"] == [{"text": "100 mg oral daily", "route": {"text": "oral"}}]
    assert "reasonReference" not in of_type(bundle("negated"), "MedicationStatement")[0]


def test_a_drug_of_an_allergy_list_is_an_allergy_with_its_reaction() -> None:
    made = bundle(drug="negated", section="allergies")
    (allergy,) = of_type(made, "AllergyIntolerance")
    assert allergy["reaction"] == [{"manifestation": [{"text": "Hives"}]}]
    assert of_type(made, "MedicationStatement") == []


def test_who_says_so_is_told_and_the_text_is_not() -> None:
    made = bundle()
    (provenance,), (device,), (document,) = (of_type(made, k) for k in ("Provenance", "Device", "DocumentReference"))
    assert device["version"] == [{"value": "starter-1"}]
    assert len(provenance["target"]) == 4
    attachment = document["content"][0]["attachment"]
    assert attachment["size"] == len(TEXT)
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(TEXT.encode()).digest()
    assert "joint aspiration. Hives" not in json.dumps(made)


def test_where_it_stands_is_told() -> None:
    condition = of_type(bundle(), "Condition")[0]
    assert condition["extension"] == [
        {"url": SPAN, "extension": [{"url": "start", "valueInteger": 0}, {"url": "end", "valueInteger": 4}]}
    ]


def test_the_same_notes_make_the_same_bundle() -> None:
    assert bundle() == bundle()


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_bundle([], WHEN.replace(tzinfo=None))


def test_an_odd_note_makes_a_valid_bundle() -> None:
    odd = Extraction("", "\ud800 ", (), ())
    made = to_bundle([odd, replace(odd, note_id="x")], WHEN)
    Bundle.model_validate(json.loads(json.dumps(made)))
    assert len(of_type(made, "DocumentReference")) == 2
