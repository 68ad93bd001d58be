"""Measure the watch by replay: ``python -m benchmarks.drift [--quick] [--json]``.

How often it alarms while nothing changes; how many windows pass until another source of notes is called a drift, and
how small a share of it is seen; whether the estimated F1 is the true one; how long a window takes. Every sentence of
BioText is read by a model that has not learned from its abstract (two halves, each read by the model of the other), so
that reference and windows are a random partition of one kind of notes. Observations are made once, dealt many times.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from behealthy.errors import BeHealthyError
from behealthy.extract.extractor import Extractor
from behealthy.extract.sentences import sentences
from behealthy.extract.tokens import tokenize
from behealthy.learn.crf import train
from behealthy.monitor import drift, performance, states
from behealthy.monitor.performance import Performance
from behealthy.monitor.telemetry import Observation, Observer, with_truth
from behealthy.note import Extraction, Note
from behealthy.registry.bundle import load
from benchmarks import recipes, report
from benchmarks.corpora import (
    BOTH,
    Documents,
    biotext_folds,
    corpora_folder,
    document_of,
    folds,
    mtsamples_notes,
    note_texts,
)

WINDOW, REFERENCE = 300, 600
SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
_LONGEST_WAIT = 12  # windows
_ITERATIONS = 60  # of training; the watch needs a model, not the best one

Pool = Sequence[Observation]


@dataclass
class Alarms:
    """What drift-free windows were called."""

    windows: int = 0
    warnings: int = 0
    drifts: int = 0
    breaches: int = 0
    by_signal: dict[str, int] = field(default_factory=dict)


def read(extractor: Extractor, documents: Sequence[Extraction]) -> list[Observation]:
    """Read documents and look at the reading, with the truth beside it."""
    found = extractor.pipe([Note(d.note_id, d.text) for d in documents])
    observer = Observer(extractor)
    return [with_truth(observer(d.text, x), x, d) for d, x in zip(documents, found, strict=True)]


def looked_at(extractor: Extractor, texts: Sequence[str]) -> list[Observation]:
    """Read texts that nobody has marked, and look at the reading."""
    observer = Observer(extractor)
    return [observer(x.text, x) for x in extractor.pipe(texts)]


def biotext_pool(corpora: Path, options: argparse.Namespace) -> tuple[list[Observation], Extractor]:
    """Read every sentence of BioText by a model that has not seen its abstract; give one of the models as well."""
    task = biotext_folds(corpora, options.seed)
    documents: Documents = tuple(d for _, test in task.splits for d in test)
    origin = document_of(corpora)
    halves = folds([origin[d.note_id] for d in documents], 2, options.seed)
    knowledge = recipes.knowledge(from_shipped=False)
    recipe = replace(recipes.RECIPES["biotext"], types=BOTH, iterations=5 if options.quick else _ITERATIONS)
    pool: list[Observation] = []
    extractor = None
    for taught, judged in ((halves[0], halves[1]), (halves[1], halves[0])):
        weights = train([documents[i] for i in taught], recipe, knowledge)
        extractor = Extractor(weights, knowledge.lexicon, knowledge.classes, version="biotext")
        pool += read(extractor, [documents[i] for i in judged])
        report.progress(f"BioText: read {len(pool)} sentences")
    assert extractor is not None
    return pool, extractor


def pieces(document: Extraction) -> Iterator[Extraction]:
    """Cut a document into its sentences, with the entities of each: notes as short as BioText's."""
    tokens = tokenize(document.text)
    for first, after in sentences(tokens):
        start, end = int(tokens.starts[first]), int(tokens.ends[after - 1])
        own = [e for e in document.entities if start <= e.start and e.end <= end]
        moved = tuple(replace(e, start=e.start - start, end=e.end - start) for e in own)
        yield Extraction(f"{document.note_id}:{start}", document.text[start:end], moved)


def dealt(pool: Pool, rng: np.random.Generator) -> Iterator[list[Observation]]:
    """Deal a pool out: the reference first, then windows, no note twice."""
    order = rng.permutation(len(pool))
    size = REFERENCE if len(pool) >= REFERENCE + 5 * WINDOW else WINDOW
    yield [pool[i] for i in order[:size]]
    for at in range(size, len(pool) - WINDOW + 1, WINDOW):
        yield [pool[i] for i in order[at : at + WINDOW]]


def judged(reference: Pool, window: Pool, before: list[bool]) -> tuple[str, tuple[drift.Signal, ...]]:
    """Judge a window as the watch does, and put down whether it moved."""
    signals = drift.compare(reference, window, seed=len(before))
    known = Performance(performance.estimated(reference, window), promised=performance.promised(reference))
    state = states.decide(signals, known, before).state
    before.insert(0, any(s.moved for s in signals))
    return state, signals


def false_alarms(pool: Pool, windows: int, seed: int) -> Alarms:
    """Watch streams in which nothing changes until there are enough windows."""
    rng, out = np.random.default_rng(seed), Alarms()
    while out.windows < windows:
        reference, *stream = dealt(pool, rng)
        before: list[bool] = []
        for window in stream[: windows - out.windows]:
            state, signals = judged(reference, window, before)
            out.windows += 1
            out.warnings += before[0]
            out.drifts += state == "drift"
            out.breaches += state == "performance_breach"
            for s in signals:
                out.by_signal[s.name] = out.by_signal.get(s.name, 0) + s.moved
        report.progress(f"{out.windows} windows: {out.warnings} moved, {out.drifts} drift")
    return out


def delays(usual: Pool, other: Pool, share: float, streams: int, seed: int) -> dict[str, Any]:
    """Let a share of every window be of another source; give when that is called a drift, and what moved."""
    rng = np.random.default_rng(seed)
    waits: list[int] = []
    moved = total = 0
    names: dict[str, int] = {}
    many = round(share * WINDOW)
    for _ in range(streams):
        order = rng.permutation(len(usual))
        reference, rest = [usual[i] for i in order[:REFERENCE]], order[REFERENCE:]
        before: list[bool] = []
        wait = _LONGEST_WAIT + 1
        for number in range(1, _LONGEST_WAIT + 1):
            old = rng.choice(rest, WINDOW - many, replace=False)
            new = rng.choice(len(other), many, replace=many > len(other))
            state, signals = judged(reference, [*(usual[i] for i in old), *(other[i] for i in new)], before)
            moved, total = moved + before[0], total + 1
            for s in signals:
                names[s.name] = names.get(s.name, 0) + s.moved
            if state in ("drift", "performance_breach"):
                wait = number
                break
        waits.append(wait)
    report.progress(f"share {share:.0%}: {moved} of {total} windows moved")
    leading = sorted((n for n in names if names[n]), key=lambda n: -names[n])[:4]
    return {"share": share, "moved": moved / total, "waits": waits, "leading": leading}


def estimates(name: str, reference: Pool, notes: Pool, seed: int) -> dict[str, Any]:
    """Hold the estimated F1 against the true one."""
    signals = drift.compare(reference, notes, seed)
    guess, true = performance.estimated(reference, notes, seed), performance.promised(notes, seed=seed)
    auc = next(s.value for s in signals if s.unit == "AUC")
    rows = {"notes": name, "n": len(notes), "auc": auc, "trusted": states.trusted(signals)}
    return rows | {"estimated": guess.to_json() if guess else None, "true": true.to_json() if true else None}


def rate(events: int, of: int) -> str:
    """Write a share with its exact 95 % interval (Clopper and Pearson 1934).

    >>> rate(0, 1000)
    '0.0 % (0.0-0.4)'
    """
    low = 0.0 if events == 0 else float(stats.beta.ppf(0.025, events, of - events + 1))
    high = 1.0 if events == of else float(stats.beta.ppf(0.975, events + 1, of - events))
    return f"{100 * events / of:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def _figure(figure: dict[str, Any] | None) -> str:
    return "-" if figure is None else "{} ({}-{})".format(*(report.f1(figure[k]) for k in ("value", "low", "high")))


def _wait(row: report.Row) -> str:
    waits = sorted(row["waits"])
    never = sum(w > _LONGEST_WAIT for w in waits)
    middle = waits[len(waits) // 2]
    shown = f"{middle}" if middle <= _LONGEST_WAIT else f"over {_LONGEST_WAIT}"
    return f"{shown} ({waits[0]}-{waits[-1] if not never else f'over {_LONGEST_WAIT}'})"


def show_alarms(show: report.Printer, pools: Mapping[str, Pool], options: argparse.Namespace) -> None:
    """Print what windows are called while nothing changes."""
    rows = []
    for name, pool in pools.items():
        found = false_alarms(pool, options.windows, options.seed)
        rows.append({"source": name, "notes": len(pool), **vars(found)})
    facts = {"window": WINDOW, "reference": f"{REFERENCE} or {WINDOW}", "seed": options.seed}
    show(
        report.Table("False alarms while nothing changes", facts, rows),
        {
            "source": lambda r: r["source"],
            "notes dealt": lambda r: report.count(r["notes"]),
            "windows": lambda r: report.count(r["windows"]),
            "a signal moved": lambda r: rate(r["warnings"], r["windows"]),
            "called drift": lambda r: rate(r["drifts"], r["windows"]),
            "called breach": lambda r: rate(r["breaches"], r["windows"]),
            "by signal": lambda r: ", ".join(f"{n} {k}" for n, k in r["by_signal"].items() if k) or "none",
        },
    )


def show_delays(show: report.Printer, usual: Pool, others: Mapping[str, Pool], options: argparse.Namespace) -> None:
    """Print how soon another source is called a drift."""
    for name, other in others.items():
        rows = [delays(usual, other, share, options.streams, options.seed) for share in SHARES]
        facts = {"window": WINDOW, "reference": REFERENCE, "streams": options.streams, "seed": options.seed}
        show(
            report.Table(f"Until drift is called: BioText, then {name}", facts, rows),
            {
                "share of each window": lambda r: f"{r['share']:.0%}",
                "windows that moved": lambda r: f"{r['moved']:.0%}",
                "windows until drift, median (range)": _wait,
                "what moved most": lambda r: ", ".join(r["leading"]) or "nothing",
            },
        )


def show_estimates(show: report.Printer, usual: Pool, others: Mapping[str, Pool], options: argparse.Namespace) -> None:
    """Print whether the estimated F1 is the true one."""
    order = np.random.default_rng(options.seed).permutation(len(usual))
    reference, rest = [usual[i] for i in order[:REFERENCE]], [usual[i] for i in order[REFERENCE:]]
    mixed = {f"half BioText, half {n}": [*rest[:150], *o[:150]] for n, o in others.items() if len(o) >= 150}
    rows = [estimates(n, reference, o, options.seed) for n, o in {"BioText": rest[:WINDOW], **mixed, **others}.items()]
    show(
        report.Table("Estimated and true F1", {"reference": REFERENCE, "seed": options.seed}, rows),
        {
            "notes": lambda r: r["notes"],
            "n": lambda r: report.count(r["n"]),
            "estimated strict F1": lambda r: _figure(r["estimated"]),
            "true": lambda r: _figure(r["true"]),
            "AUC of the words": lambda r: report.f1(r["auc"]),
            "estimate trusted": lambda r: "yes" if r["trusted"] else "no",
        },
    )


def show_speed(show: report.Printer, usual: Pool, other: Pool, texts: Sequence[str]) -> None:
    """Print how long a window takes, and what looking costs beside reading."""
    extractor = load()
    notes = [Note(str(i), text) for i, text in enumerate(texts)]
    observer = Observer(extractor)
    found = list(extractor.pipe(notes))

    def best(work: Any) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return min(times)

    def look() -> None:
        for note, reading in zip(notes, found, strict=True):
            observer(note, reading)

    look()
    reading, looking = best(lambda: list(extractor.pipe(notes))), best(look)
    calm, moved = usual[REFERENCE : REFERENCE + WINDOW], [*other, *usual[REFERENCE:]][:WINDOW]
    rows = [
        {"what": "judge a window like the reference", "s": best(lambda: judged(usual[:REFERENCE], calm, []))},
        {"what": "judge a window that moved", "s": best(lambda: judged(usual[:REFERENCE], moved, []))},
        {"what": f"look at {len(notes)} notes, beside {reading:.3f} s of reading them", "s": looking},
        {"what": "... as a share of reading", "s": looking / reading},
    ]
    show(
        report.Table("What watching costs", {"cores": 1, "window": WINDOW, "reference": REFERENCE}, rows),
        {"what": lambda r: r["what"], "s": lambda r: f"{r['s']:.3f}"},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Replay."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--windows", type=int, default=1_000, help="drift-free windows of each source (default 1000)")
    parser.add_argument(
        "--streams", type=int, default=40, help="streams for each share of the other source (default 40)"
    )
    parser.add_argument("--quick", action="store_true", help="a small share of everything, to see that it runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    if options.quick:
        options.windows, options.streams = 10, 2
    corpora = corpora_folder()
    show = report.Printer(as_json=options.json)
    usual, extractor = biotext_pool(corpora, options)
    whole = mtsamples_notes(corpora)
    others = {
        "MTSamples notes": read(extractor, whole),
        "MTSamples sentences": read(extractor, [p for d in whole for p in pieces(d)]),
    }
    texts = note_texts(corpora)
    shipped = load()
    short = texts.get("MTS-Dialog sections", [])
    show_speed(show, usual, others["MTSamples notes"], texts["example notes"])
    show_estimates(show, usual, others, options)
    show_delays(show, usual, others, options)
    pools = {"BioText, its own models": usual}
    if len(short) >= 3 * WINDOW:
        pools["MTS-Dialog sections, the shipped model"] = looked_at(shipped, short)
    show_alarms(show, pools, options)
    show.close()


if __name__ == "__main__":
    report.one_core()
    try:
        main()
    except BeHealthyError as exc:
        sys.exit(str(exc))
