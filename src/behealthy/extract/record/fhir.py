"""The record as FHIR R4 resources: one Bundle for all notes, every statement unconfirmed until a person confirms it.

What a note says of a disease becomes a Condition; what it denies is `refuted`, what was is `inactive`, and a
relative's illness is a FamilyMemberHistory, never the patient's Condition. What might happen is no statement about the
patient and makes no resource. Drugs become MedicationStatements, those of an allergy list AllergyIntolerances, all
other treatments Procedures. A Provenance for each note names the model and what it made.

The text of a note is not in the Bundle: a DocumentReference stands for it, with its size and hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from behealthy.extract.record.rows import Mention, Row, Treatment, rows
from behealthy.note import Code, Entity, Extraction

Resource = dict[str, Any]

SPAN = "urn:behealthy:fhir:span"  # the extension that tells where in the note a statement stands

_SYSTEMS = {
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "MeSH": "urn:oid:2.16.840.1.113883.6.177",
    "DrugBank": "http://www.drugbank.ca",
}
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

# What verification and clinical status a Condition has, by assertion; those that are not here make no Condition.
_CONDITION: Mapping[str | None, tuple[str, str | None]] = {
    None: ("unconfirmed", None),
    "present": ("unconfirmed", "active"),
    "possible": ("unconfirmed", None),
    "historical": ("unconfirmed", "inactive"),
    "negated": ("refuted", None),
}
_MEDICATION: Mapping[str | None, str] = {
    None: "unknown",
    "present": "active",
    "possible": "unknown",
    "historical": "completed",
    "negated": "not-taken",
    "hypothetical": "intended",
}
_PROCEDURE: Mapping[str | None, str] = {
    None: "unknown",
    "present": "unknown",  # done or planned: the note's words, not ours
    "possible": "unknown",
    "historical": "completed",
    "negated": "not-done",
}
_REASONS = ("TREATS", "PREVENTS")

_RELATIVES = {
    "mother": "MTH", "mom": "MTH", "father": "FTH", "dad": "FTH", "brother": "BRO", "sister": "SIS",
    "sibling": "SIB", "son": "SON", "daughter": "DAU", "child": "CHILD", "aunt": "AUNT", "uncle": "UNCLE",
    "cousin": "COUSN", "grandmother": "GRMTH", "grandfather": "GRFTH", "maternal grandmother": "MGRMTH",
    "maternal grandfather": "MGRFTH", "paternal grandmother": "PGRMTH", "paternal grandfather": "PGRFTH",
    "maternal aunt": "MAUNT", "maternal uncle": "MUNCLE", "paternal aunt": "PAUNT", "paternal uncle": "PUNCLE",
    "parent": "PRN", "grandparent": "GRPRN",
}  # fmt: skip
_RELATIVE = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, _RELATIVES), key=len, reverse=True))})(?=s?\b)", re.IGNORECASE
)
_REACH = 120  # code points on either side of a relative's illness in which the relative is named


def to_bundle(extractions: Iterable[Extraction], recorded: datetime) -> Resource:
    """When called, it will give a Bundle of type ``collection``: patients, notes, what they state, who says so.

    The same extractions give the same resources with the same ids.

    Parameters
    ----------
    recorded : datetime
        When the extraction was made; with its time zone, as FHIR's instants have.

    Raises
    ------
    ValueError
        When `recorded` has no time zone.
    """
    if recorded.tzinfo is None:
        raise ValueError("recorded has no time zone, which a FHIR instant must have")
    instant = recorded.isoformat(timespec="seconds")
    entries: dict[str, Resource] = {}
    for extraction in extractions:
        for url, resource in _of_note(extraction, instant):
            entries.setdefault(url, resource)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant,
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries.items()],
    }


def _of_note(extraction: Extraction, instant: str) -> list[tuple[str, Resource]]:
    owner = extraction.note_id if extraction.patient_id is None else extraction.patient_id
    note, patient = _url("note", owner, extraction.note_id, extraction.text), _url("patient", owner)
    device = _url("device", extraction.model_version or "")
    stated: dict[str, Resource] = {}
    for row in rows([extraction]):
        _state(row, note, patient, stated)
    entries = [
        (patient, {"resourceType": "Patient", **_identifier("patient", owner)}),
        (note, _document(extraction, patient)),
        *stated.items(),
    ]
    if stated:
        entries += [
            (device, _device(extraction.model_version)),
            (_url("provenance", note, device), _provenance(list(stated), note, device, instant)),
        ]
    return entries


def _state(row: Row, note: str, patient: str, stated: dict[str, Resource]) -> None:
    """Add the resources of one row, by their urls; a treatment of several diseases is one resource."""
    reason = None
    if row.disease:
        named = _url("disease", note, row.disease, str(row.status))
        if row.status in _CONDITION:
            reason = named
            stated[named] = _condition(row, patient, note)
        elif row.status == "family":
            stated[named] = _family_history(row, patient)
    for treatment in row.treatments:
        url = _url("treatment", note, treatment.name, str(treatment.status))
        made = stated.get(url) or _given(treatment, patient, note)
        if made is None:
            continue
        stated[url] = made
        if made["resourceType"] == "AllergyIntolerance":
            if treatment.relation == "CAUSES":
                reaction = {"manifestation": [_concept(row.mentions[0].entity)]}
                made.setdefault("reaction", []).append(reaction)
        elif reason is not None and treatment.relation in _REASONS and row.status != "negated":
            made.setdefault("reasonReference", []).append({"reference": reason})


def _condition(row: Row, patient: str, note: str) -> Resource:
    verification, clinical = _CONDITION[row.status]
    first = row.mentions[0].entity
    out: Resource = {
        "resourceType": "Condition",
        "extension": [_span(mention) for mention in row.mentions],
        "verificationStatus": _coded("condition-ver-status", verification, row.status or verification),
        "code": _concept(first, row.disease),
        "subject": {"reference": patient},
        "evidence": [{"detail": [{"reference": note}]}],
    }
    if clinical is not None:
        out["clinicalStatus"] = _coded("condition-clinical", clinical)
    return out


def _family_history(row: Row, patient: str) -> Resource:
    mention = row.mentions[0]
    code, word = _relative(mention)
    return {
        "resourceType": "FamilyMemberHistory",
        "extension": [_span(m) for m in row.mentions],
        "status": "partial",
        "patient": {"reference": patient},
        "relationship": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": code}],
            "text": word,
        },
        "condition": [{"code": _concept(mention.entity, row.disease)}],
    }


def _given(treatment: Treatment, patient: str, note: str) -> Resource | None:
    """Give the resource of a treatment, None for what says nothing of this patient."""
    entity, status = treatment.mention.entity, treatment.status
    common: Resource = {"extension": [_span(treatment.mention)]}
    if entity.section == "allergies" and status in ("negated", "present", None):
        return {
            "resourceType": "AllergyIntolerance",
            **common,
            "clinicalStatus": _coded("allergyintolerance-clinical", "active"),
            "verificationStatus": _coded("allergyintolerance-verification", "unconfirmed"),
            "code": _concept(entity),
            "patient": {"reference": patient},
        }
    if is_medication(entity):
        if status not in _MEDICATION:
            return None
        out = {
            "resourceType": "MedicationStatement",
            **common,
            "status": _MEDICATION[status],
            "medicationCodeableConcept": _concept(entity),
            "subject": {"reference": patient},
            "derivedFrom": [{"reference": note}],
        }
        if treatment.dose:
            dosage: Resource = {"text": treatment.dose}
            if treatment.attributes.get("route"):
                dosage["route"] = {"text": treatment.attributes["route"]}
            out["dosage"] = [dosage]
        return out
    if status not in _PROCEDURE:
        return None
    return {
        "resourceType": "Procedure",
        **common,
        "status": _PROCEDURE[status],
        "code": _concept(entity),
        "subject": {"reference": patient},
    }


def is_medication(entity: Entity) -> bool:
    """When called, it will tell whether a treatment is a drug, by its codes and by what stands beside it.

    Examples
    --------
    >>> is_medication(Entity(0, 9, "metformin", "TREATMENT", attributes={"dose": "500 mg"}))
    True
    >>> is_medication(Entity(0, 12, "appendectomy", "TREATMENT"))
    False
    """
    return bool(entity.attributes) or any(code.system == "DrugBank" for code in entity.codes)


def _relative(mention: Mention) -> tuple[str, str]:
    """Give code and word of the relative named nearest on the mention's line, ``FAMMEMB`` where none is."""
    text, entity = mention.extraction.text, mention.entity
    first = max(text.rfind("\n", 0, entity.start) + 1, entity.start - _REACH)
    end = text.find("\n", entity.end)
    last = min(len(text) if end < 0 else end, entity.end + _REACH)
    named = [(found.start() + first, found[0].lower()) for found in _RELATIVE.finditer(text[first:last])]
    if not named:
        return "FAMMEMB", "family member"
    # Whoever is named before an illness has it; only where nobody is, whoever comes after.
    before = [word for start, word in named if start < entity.start]
    word = before[-1] if before else named[0][1]
    return _RELATIVES[word], word


def _document(extraction: Extraction, patient: str) -> Resource:
    raw = extraction.text.encode("utf-8", "surrogatepass")
    digest = hashlib.sha1(raw, usedforsecurity=False).digest()  # the algorithm that FHIR's Attachment prescribes
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "size": len(raw),
        "hash": base64.b64encode(digest).decode(),
    }
    return {
        "resourceType": "DocumentReference",
        **_identifier("note", extraction.note_id),
        "status": "current",
        "subject": {"reference": patient},
        "content": [{"attachment": attachment}],
    }


def _identifier(kind: str, value: str) -> Resource:
    """Give the field that names a resource by our own id, nothing for a note that came without one."""
    return {"identifier": [{"system": f"urn:behealthy:{kind}", "value": value}]} if value.strip() else {}


def _device(model_version: str | None) -> Resource:
    out: Resource = {"resourceType": "Device", "deviceName": [{"name": "BeHealthy", "type": "model-name"}]}
    if model_version:
        out["version"] = [{"value": model_version}]
    return out


def _provenance(targets: list[str], note: str, device: str, instant: str) -> Resource:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": url} for url in targets],
        "recorded": instant,
        "agent": [{"type": _coded("provenance-participant-type", "assembler"), "who": {"reference": device}}],
        "entity": [{"role": "source", "what": {"reference": note}}],
    }


def _concept(entity: Entity, text: str | None = None) -> Resource:
    out: Resource = {"text": text or " ".join(entity.text.split())}
    first = {code.system: code for code in reversed(entity.codes)}  # the best of each vocabulary
    if first:
        out["coding"] = [_coding(code) for code in first.values()]
    return out


def _coding(code: Code) -> Resource:
    return {
        "system": _SYSTEMS.get(code.system, f"urn:behealthy:{code.system}"),
        "code": code.code,
        "display": code.display,
    }


def _coded(system: str, code: str, text: str | None = None) -> Resource:
    out: Resource = {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}
    return out if text is None else {**out, "text": text}


def _span(mention: Mention) -> Resource:
    parts = (("start", mention.entity.start), ("end", mention.entity.end))
    return {"url": SPAN, "extension": [{"url": name, "valueInteger": value} for name, value in parts]}


def _url(*parts: str) -> str:
    """Give the same url for the same thing, wherever and whenever it is made."""
    joined = "\x1f".join(parts).encode("utf-8", "backslashreplace").decode()
    return f"urn:uuid:{uuid5(NAMESPACE_URL, joined)}"
