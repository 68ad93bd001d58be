"""Find dose, route and frequency beside a treatment: "metoprolol 25 mg PO BID as needed".

What stands to the right of a treatment, in its sentence, on its line and before the next entity, is read with one
regular expression, at most 80 characters of it; so is the treatment's own text, which may hold its dose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from behealthy.extract.marked import Marked
from behealthy.note import TREATMENT

WINDOW = 80  # characters to the right of an entity, and of its own text

_NUMBER = r"\d{1,6}(?:[.,]\d{1,4})?|half|one|two|three|four"
_UNITS = {
    "mcg": "mcg", "ug": "mcg", "\u00b5g": "mcg", "\u03bcg": "mcg", "microgram": "mcg", "mg": "mg", "milligram": "mg",
    "g": "g", "gm": "g", "gram": "g", "ml": "mL", "cc": "mL", "l": "L", "liter": "L", "litre": "L", "meq": "mEq",
    "mmol": "mmol", "unit": "units", "u": "units", "iu": "units", "puff": "puffs", "tablet": "tablets",
    "tab": "tablets", "capsule": "capsules", "cap": "capsules", "drop": "drops", "gtt": "drops", "spray": "sprays",
    "patch": "patches", "patche": "patches", "pill": "tablets", "%": "%", "teaspoon": "teaspoons", "tsp": "teaspoons",
}  # fmt: skip
_ROUTES = {
    "oral": "oral|orally|by mouth|po|p\\.o\\.",
    "intravenous": "intravenous|intravenously|iv|i\\.v\\.|ivp|ivpb",
    "intramuscular": "intramuscular|intramuscularly|im|i\\.m\\.",
    "subcutaneous": "subcutaneous|subcutaneously|subcut|sub-?q|sc|s\\.c\\.|sq",
    "sublingual": "sublingual|sublingually|sl|s\\.l\\.|under the tongue",
    "inhaled": "inhaled|inhaler|inhalation|inh|nebulized|nebulizer|nebs?|mdi",
    "topical": "topical|topically|cream|ointment|to (?:the )?affected areas?",
    "transdermal": "transdermal|transdermally",
    "rectal": "rectal|rectally|pr|p\\.r\\.|per rectum|suppository",
    "nasal": "nasal|nasally|intranasal|intranasally|nasal spray|(?:in )?each nostril",
    "ophthalmic": "ophthalmic|eye ?drops?|both eyes|each eye",
    "otic": "otic|ear drops?",
    "vaginal": "vaginal|vaginally",
    "intrathecal": "intrathecal|intrathecally",
}
_TIMES = {"once": "once", "one time": "once", "twice": "twice", "two times": "twice", "three times": "three times",
          "3 times": "three times", "2 times": "twice", "four times": "four times", "4 times": "four times",
          "five times": "five times", "1 time": "once"}  # fmt: skip
_FREQUENCIES = {
    "twice daily": "b\\.?i\\.?d\\.?|2x/?day|2 ?x (?:a |per )?day",
    "three times daily": "t\\.?i\\.?d\\.?|3 ?x ?/?(?:a |per )?day",
    "four times daily": "q\\.?i\\.?d\\.?|4 ?x ?/?(?:a |per )?day",
    "every other day": "q\\.?o\\.?d\\.?|every other day|on alternate days",
    "at bedtime": "q\\.?h\\.?s\\.?|hs|h\\.s\\.|(?:at|every|before|nightly at) bedtime|nightly|q ?nightly|every night"
    "|at night|qpm",
    "every morning": "q ?am|q\\.a\\.m\\.|every morning|each morning|in the morning",
    "every evening": "every evening|each evening|in the evening",
    "once weekly": "weekly|every week|q ?week(?:ly)?|once a week",
    "once monthly": "monthly|every month|q ?month(?:ly)?",
    "before meals": "a\\.?c\\.?|before meals",
    "with meals": "with meals|with food",
    "once daily": "q\\.?d\\.?|daily|every day|each day|a day|per day|q ?day|o\\.?d\\.?|qday",
}
_NEEDED = "prn|p\\.r\\.n\\.|as needed|as required|when needed|if needed"


_SPANS = {"h": "hours", "d": "days", "w": "weeks", "m": "months"}


def _either(forms: Iterable[str]) -> str:
    # The pattern below is written with free white space: that of the forms is made plain.
    return "|".join(form.replace(" ", "[ ]") for form in forms)


_ATTRIBUTE = re.compile(
    rf"""
    (?<![\w.,/])(?=\w)(?:
      (?P<dose>(?=[\dhotf])
        (?P<number>(?:{_NUMBER})(?:[ ]?(?:-|to|/)[ ]?(?:{_NUMBER}))?)[ -]?
        (?P<unit>{_either(sorted(_UNITS, key=len, reverse=True))})s?(?:\(e?s\))?
        (?P<per>/(?:kg(?:/(?:day|hr?|min))?|day|hr?|hour|min))?(?![ ]?/[ ]?d?l\b)
      )
    | (?P<needed>{_NEEDED.replace(" ", "[ ]")})
    | (?:q\.?[ ]?|every[ ])(?P<count>\d{{1,2}}(?:[ ]?(?:-|to)[ ]?\d{{1,2}})?)[ -]?(?P<span>[hdwm])
      (?:ours?|rs?|ays?|eeks?|ks?|onths?)?\.?
    | (?P<often>{_either(_TIMES)})[ ](?:(?:a|per|each)[ ])?(?P<each>day|daily|week|weekly)
    | (?P<frequency>{_either(_FREQUENCIES.values())})
    | (?P<route>{_either(_ROUTES.values())})
    )(?!\w)
    """,
    re.VERBOSE,
)


def _named(forms: dict[str, str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    return re.compile("|".join(f"({form})" for form in forms.values())), tuple(forms)


_FREQUENCY, _FREQUENCY_NAMES = _named(_FREQUENCIES)
_ROUTE, _ROUTE_NAMES = _named(_ROUTES)


def drug_attributes(marked: Marked) -> list[dict[str, str]]:
    """When called, it will give dose, route and frequency of every treatment, as far as they are beside it.

    Returns
    -------
    list of dict
        One an entity, in order; empty for what is no treatment. Keys ``dose``, ``route`` and ``frequency``.

    Examples
    --------
    >>> from behealthy.extract.marked import mark
    >>> from behealthy.extract.tokens import Vocabulary
    >>> drug_attributes(mark(["Take metoprolol 25mg p.o. b.i.d."], [[(5, 15, "TREATMENT")]], Vocabulary()))
    [{'dose': '25 mg', 'route': 'oral', 'frequency': 'twice daily'}]
    """
    out: list[dict[str, str]] = [{} for _ in range(len(marked))]
    chosen = [i for i, type in enumerate(marked.type) if type == TREATMENT]
    if not chosen:
        return out
    batch = marked.batch
    bases = np.cumsum([0, *(len(text) + 1 for text in marked.texts)])
    notes = batch.note[marked.first]
    starts, ends = batch.starts[marked.first], batch.ends[marked.last]  # (entities,) each
    ordered = np.sort(starts + bases[notes])
    place = np.searchsorted(ordered, ends + bases[notes])
    following = np.append(ordered, bases[-1])[place] - bases[notes]  # where the next entity begins, or a later text
    closing = batch.ends[np.cumsum(batch.lengths)[batch.sentence[marked.last]] - 1]  # where the sentence ends
    limits = np.minimum(np.minimum(following, closing), ends + WINDOW)
    for i in chosen:
        text, start, end = marked.texts[notes[i]], int(starts[i]), int(ends[i])
        own, line = text[max(start, end - WINDOW) : end], text[end : limits[i]]
        out[i] = _read(own + line.split("\n", 1)[0].split(";", 1)[0].casefold())
    return out


def _read(text: str) -> dict[str, str]:
    """Read the first dose, route and frequency of a text in small letters."""
    out: dict[str, str] = {}
    needed = False
    for found in _ATTRIBUTE.finditer(text):
        kind = found.lastgroup
        if found["dose"]:
            if text.startswith(" of ", found.end()):
                break  # "..., one unit of plasma": what follows is of something else
            unit = _UNITS[found["unit"]] + (found["per"] or "")
            out.setdefault("dose", f"{found['number']} {unit}")
        elif kind == "needed":
            needed = True
        elif kind == "route":
            out.setdefault("route", _name(_ROUTE, _ROUTE_NAMES, found[0]))
        elif kind == "span":
            every = found["count"].replace(" ", "").replace("to", "-")
            span = _SPANS[found["span"]]
            out.setdefault("frequency", f"every {span[:-1]}" if every == "1" else f"every {every} {span}")
        elif kind == "each":
            out.setdefault(
                "frequency",
                f"{_TIMES[found['often']]} {'daily' if found['each'][0] == 'd' else 'weekly'}",
            )
        else:
            out.setdefault("frequency", _name(_FREQUENCY, _FREQUENCY_NAMES, found[0]))
    if needed:
        out["frequency"] = f"{out['frequency']} as needed" if "frequency" in out else "as needed"
    return out


def _name(pattern: re.Pattern[str], names: tuple[str, ...], form: str) -> str:
    found = pattern.fullmatch(form)
    return names[found.lastindex - 1] if found and found.lastindex else form
