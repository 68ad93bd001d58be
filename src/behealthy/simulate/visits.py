"""Invented notes in any number, with what is in them: letters of a practice, and telegrams of a night shift.

They are what the demo is filled with: the shipped model has learned from every example note, so these are the ones that
it can be judged by. Drawn by a seed from our own phrases, by the guideline in docs/guideline.md. Nobody in them exists,
and no figure of a document rests on them: notes made of phrases are easier than people's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at

Kind = Literal["letters", "telegrams"]

_MARKED = re.compile(r"\[([^]]+)\]|\{([^}]+)\}")  # [disease], {treatment}, as in examples/prose.tsv


@dataclass(frozen=True, slots=True)
class _Problem:
    """A disease, how a night shift writes it, treatments with a dose, and what a patient with it may complain of."""

    name: str
    short: str
    treatments: tuple[tuple[str, str], ...]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Phrases:
    """How a kind of note begins, goes on with so many phrases or up to two more, and ends."""

    opens: Sequence[str]
    bodies: Sequence[str]
    ends: Sequence[str]
    fewest: int


def _problem(line: str) -> _Problem:
    name, short, treatments, complaints = (part.strip() for part in line.split("|"))
    pairs = (treatment.strip().rpartition("@") for treatment in treatments.split(","))
    return _Problem(name, short, tuple((a, b) for a, _, b in pairs), tuple(c.strip() for c in complaints.split(",")))


_PROBLEMS = tuple(
    map(
        _problem,
        """
type 2 diabetes mellitus | t2dm | metformin@500 mg, gliclazide@80 mg, insulin glargine@12 units | thirst, blurred vision
essential hypertension | htn | lisinopril@10 mg, amlodipine@5 mg, indapamide@1.5 mg | headache, dizziness
bronchial asthma | asthma | salbutamol@100 mcg, budesonide@200 mcg | wheezing, nocturnal cough
chronic obstructive pulmonary disease | copd | tiotropium@18 mcg, prednisolone@30 mg | breathlessness, productive cough
paroxysmal atrial fibrillation | pAF | apixaban@5 mg, bisoprolol@2.5 mg | palpitations, ankle swelling
gouty arthritis | gout | allopurinol@100 mg, colchicine@0.5 mg | toe pain, joint swelling
underactive thyroid | hypothyr | levothyroxine@75 mcg | tiredness, cold intolerance
gastro-oesophageal reflux disease | gord | omeprazole@20 mg, famotidine@20 mg | heartburn, difficulty swallowing
recurrent migraine | migraine | sumatriptan@50 mg, propranolol@40 mg | nausea, visual aura
osteoarthritis of the left knee | OA L knee | paracetamol@1 g, ibuprofen gel@5 % | knee pain, morning stiffness
rheumatoid arthritis | RA | methotrexate@15 mg, hydroxychloroquine@200 mg | joint swelling, mouth ulcers
iron deficiency anaemia | IDA | ferrous fumarate@210 mg | tiredness, black stools
depressive episode | depr | sertraline@50 mg, mirtazapine@15 mg | poor sleep, low mood
chronic heart failure | chf | furosemide@40 mg, ramipril@2.5 mg, spironolactone@25 mg | ankle swelling, breathlessness
uncomplicated urinary tract infection | uti | nitrofurantoin@100 mg, trimethoprim@200 mg | dysuria, flank pain
community-acquired pneumonia | cap | amoxicillin@500 mg, doxycycline@100 mg | fever, pleuritic chest pain
deep vein thrombosis of the right leg | dvt R leg | rivaroxaban@15 mg | calf pain, leg swelling
plaque psoriasis | psor | calcipotriol ointment@50 mcg, methotrexate@10 mg | itching, nail pitting
benign prostatic enlargement | bph | tamsulosin@400 mcg, finasteride@5 mg | weak stream, urinary urgency
osteoporosis | osteop | alendronic acid@70 mg, vitamin D@800 units | back pain, loss of height
focal epilepsy | epil | lamotrigine@100 mg, levetiracetam@500 mg | blank spells, morning headache
stable angina | angina | glyceryl trinitrate@400 mcg, atenolol@50 mg | chest tightness, breathlessness
allergic rhinitis | all rhin | cetirizine@10 mg, fluticasone spray@50 mcg | sneezing, itchy eyes
irritable bowel syndrome | ibs | mebeverine@135 mg, loperamide@2 mg | bloating, abdominal cramps
""".strip().splitlines(),
    )
)
_RELATIVES = ("mother", "father", "brother", "elder sister", "grandfather", "aunt")
_WORK = (
    "teacher baker gardener nurse welder postman librarian farmer tailor plumber pharmacist driver painter cook clerk"
    " carpenter translator fisherman"
).split()
_OFTEN = ("once daily", "twice daily", "at night", "in the morning")
_OFTEN_SHORT = ("od", "bd", "nocte", "mane")

_LETTER_OPENS = (
    "This {age}-year-old {work} came to the practice for review of [{d1}], which was found in {year}.",
    "I saw this {age}-year-old {work} today because of [{c1}] and [{c2}] over the last {n} weeks.",
    "Thank you for seeing this {age}-year-old retired {work}, who has had [{d1}] since {year}.",
    "The {age}-year-old {work} returns {n} weeks after the last visit for [{d1}].",
)
_LETTER_BODIES = (
    "The [{d1}] is treated with {{{t1}}} {dose1} {often}, which is well tolerated.",
    "There is no [{c3}] and no [{c4}].",
    "The patient denies [{c4}] and has not noticed [{c3}].",
    "On {{{t1}}} the [{c1}] became less, though [{c2}] is still there on most days.",
    "There is also [{d2}], for which {{{t2}}} {dose2} was begun in {year2}.",
    "The {relative} had [{d3}] and was given {{{t3}}}.",
    "Treatment with {{{t3}}} was stopped because of [{c2}].",
    "Past history includes [{d3}] in {year}, with no treatment since.",
    "The [{c2}] could be due to [{d2}], and blood was taken to find out.",
)
_LETTER_ENDS = (
    "We agreed to raise {{{t1}}} to twice the dose and to meet again in {n} weeks.",
    "I have prescribed {{{t2}}} {dose2} {often} and will see the patient in {n} weeks.",
    "Please return at once if there is [{c3}].",
    "Nothing was changed; the next visit is in {n} weeks.",
)
_TELEGRAM_OPENS = (
    "{age}{sex}, bg [{s1}] [{s2}].",
    "{age}{sex} ex-{work} adm via a+e w [{c1}] {n}/7.",
    "{time} asked to rv {age}{sex}, known [{s1}], now [{c2}].",
)
_TELEGRAM_BODIES = (
    "nil [{c3}], nil [{c4}].",
    "on {{{t1}}} {dose1} {short}.",
    "bp {bp} hr {hr} sats {sats}%.",
    "?[{s3}] ?[{s2}].",
    "pmh [{s3}] {year}.",
    "stat {{{t2}}} {dose2} given {time}.",
    "fhx [{s2}] ({relative}).",
)
_TELEGRAM_ENDS = (
    "imp: [{s1}]. plan: cont {{{t1}}}, add {{{t2}}}, bloods am.",
    "plan: hold {{{t3}}}, obs 4/24, r/v {n}/24.",
    "d/w reg, cont {{{t1}}} {short}, rv if [{c1}].",
)

_PHRASES: dict[Kind, _Phrases] = {
    "letters": _Phrases(_LETTER_OPENS, _LETTER_BODIES, _LETTER_ENDS, 2),
    "telegrams": _Phrases(_TELEGRAM_OPENS, _TELEGRAM_BODIES, _TELEGRAM_ENDS, 1),
}


def invented(kind: Kind, count: int, seed: int) -> list[Extraction]:
    """When called, it will write so many notes, each with its entities and a patient of its own; none comes twice.

    The same seed gives the same notes, and fewer of them are the first of more.
    """
    rng = Random(f"{kind}:{seed}")
    out: list[Extraction] = []
    known: set[str] = set()
    while len(out) < count:
        note = _note(f"{kind[:-1]}-{seed}-{len(out) + 1:05d}", _written(kind, rng))
        if note.text not in known:
            known.add(note.text)
            out.append(note)
    return out


def _written(kind: Kind, rng: Random) -> str:
    slots = _slots(rng)
    phrases = _PHRASES[kind]
    bodies = _in_order(rng, phrases.bodies, rng.randint(phrases.fewest, phrases.fewest + 2))
    chosen = [rng.choice(phrases.opens), *bodies, rng.choice(phrases.ends)]
    return " ".join(phrase.format_map(slots) for phrase in chosen)


def _in_order(rng: Random, phrases: Sequence[str], many: int) -> list[str]:
    return [phrases[i] for i in sorted(rng.sample(range(len(phrases)), many))]


def _slots(rng: Random) -> dict[str, object]:
    problems = rng.sample(_PROBLEMS, 3)
    out: dict[str, object] = {
        "age": rng.randint(19, 93),
        "sex": rng.choice("MF"),
        "work": rng.choice(_WORK),
        "relative": rng.choice(_RELATIVES),
        "year": rng.randint(1992, 2012),
        "year2": rng.randint(2013, 2024),
        "n": rng.randint(2, 9),
        "time": f"{rng.randint(0, 6):02d}{rng.randint(0, 59):02d}",
        "bp": f"{rng.randint(95, 180)}/{rng.randint(50, 100)}",
        "hr": rng.randint(52, 128),
        "sats": rng.randint(88, 100),
    }
    often = rng.randrange(len(_OFTEN))
    out |= {"often": _OFTEN[often], "short": _OFTEN_SHORT[often]}
    complaints = list(dict.fromkeys(c for p in problems for c in p.complaints))
    out |= {f"c{i}": complaint for i, complaint in enumerate(rng.sample(complaints, 4), 1)}  # two there, two denied
    for i, problem in enumerate(problems, 1):
        treatment, dose = rng.choice(problem.treatments)
        out |= {f"d{i}": problem.name, f"s{i}": problem.short, f"t{i}": treatment, f"dose{i}": dose}
    return out


def _note(name: str, marked: str) -> Extraction:
    """Take the marks out of a text and give it with the entities that they stood for.

    >>> [(e.text, e.type) for e in _note("n", "On {aspirin} for [gout].").entities]
    [('aspirin', 'TREATMENT'), ('gout', 'DISEASE')]
    """
    text, places = "", []
    at = 0
    for found in _MARKED.finditer(marked):
        text += marked[at : found.start()]
        disease, treatment = found.groups()
        places.append((len(text), len(text) + len(disease or treatment), DISEASE if disease else TREATMENT))
        text += disease or treatment
        at = found.end()
    text += marked[at:]
    entities = tuple(entity_at(text, start, end, kind, id=f"e{i}") for i, (start, end, kind) in enumerate(places, 1))
    return Extraction(name, text, entities, patient_id=f"demo {name}")
