"""A story as one self-contained page: what came out, the timeline, and everything again as tables; light and dark.

Numbers, names of our own making and ids; never a word of a note. Everything is escaped, nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from behealthy.extract.render import page
from behealthy.monitor.states import FEWEST_AUDITED, TRUSTED_AUC
from behealthy.simulate import chart
from behealthy.simulate.claims import Story
from behealthy.simulate.timeline import Facts, Moment

_STYLE = """
:root { --good: #17703c; --bad: #b3261e; --estimated: #0d6487; --audited: #a8540a;
  --ok-area: #cfe8d9; --warning-area: #fbe3b0; --bad-area: #f6c9c4; }
@media (prefers-color-scheme: dark) { :root { --good: #6fd199; --bad: #ff9187; --estimated: #74c9e9;
  --audited: #f0a95b; --ok-area: #1d4a31; --warning-area: #574312; --bad-area: #5e2621; } }
main { max-width: 1160px; margin: 0 auto; padding: 20px 24px; display: grid; gap: 16px; }
main > * { min-width: 0; } h2 { margin-bottom: 8px; } p { margin: 4px 0 0; }
.decision { border-left: 4px solid var(--good); } .decision.failed { border-left-color: var(--bad); }
.decision h1 { color: var(--good); } .decision.failed h1 { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 12px; }
.tiles div { border-top: 1px solid var(--line); padding-top: 6px; }
.tiles b { display: block; font-size: 22px; line-height: 28px; font-weight: 600; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none;
  font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; } .legend svg { width: 26px; height: 16px; }
.scroll { overflow-x: auto; } td.holds { color: var(--good); font-weight: 600; white-space: nowrap; }
td.fails { color: var(--bad); font-weight: 600; white-space: nowrap; } td.short { white-space: nowrap; }
td.wide { min-width: 260px; } tr.open td { border-bottom: 0; } summary { cursor: pointer; }
"""
_DASH = "–"


def to_html(story: Story) -> str:
    """When called, it will write a story as a page."""
    usual = story.moments[0].source if story.moments else ""
    auc = f"dashed: from {TRUSTED_AUC:.2f} on the watch does not trust its estimate"
    body = (
        "<main>"
        + _head(story)
        + _card(
            "Strict F1 of what is served, window by window",
            f'{chart.legend()}<div class="chart">{chart.f1(story.moments, usual)}</div>'
            '<p class="quiet">Shaded: notes of another source. True: all notes of the window against what is right. '
            "Audited: the random sample that a person with mistakes has read. On top the state that the watch gave."
            "</p>",
        )
        + _card(
            "How well the words alone tell new notes from usual ones (AUC)",
            f'<div class="chart">{chart.signal(story.moments, "vocabulary", TRUSTED_AUC)}</div>'
            f'<p class="quiet">Grey: where it lies while nothing changes, 99 times in 100; {auc}.</p>',
        )
        + _card("Windows", _windows(story.moments))
        + _card("What had to come out", _claims(story))
        + _card("Trainings", _trainings(story.trainings))
        + _card("What was done", _events(story))
        + "</main>"
    )
    return page("The loop, played through", body, _STYLE + chart.STYLE)


def _head(story: Story) -> str:
    failed = [claim for claim in story.claims if not claim.holds]
    title = "The notes changed, and the system mended itself" if not failed else "The story did not come out"
    figures = story.figures
    tiles = (
        ("true F1 before", _f1(figures["f1_before"])),
        ("while the notes had changed", _f1(figures["f1_during"])),
        ("with the new model", _f1(figures["f1_after"])),
        ("both models on the same new documents", _both(figures["f1_new_first"], figures["f1_new_second"])),
        ("windows until drift was called", _whole(figures["windows_to_drift"])),
        ("hours from there to the new model", _hours(figures["hours_to_model"])),
        ("notes labelled for it", _whole(figures["labels"])),
    )
    said = f"{story.says}; windows of {story.window} notes, seed {story.seed}"
    shown = "".join(f"<div><b>{value}</b>{escape(name)}</div>" for name, value in tiles)
    return (
        f'<header class="card decision{" failed" if failed else ""}"><h1>{title}</h1>'
        f'<span class="quiet">{escape(said)}; a virtual clock, everything else is real</span>'
        f'<div class="tiles">{shown}</div></header>'
    )


def _windows(moments: Iterable[Moment]) -> str:
    heads = ("window", "until", "source", "state", "true F1", "new documents", "estimated", "audited", "version")
    rows = (
        f'<tr class="{"open" if m.done else ""}"><td class="number">{m.number}</td>'
        f'<td class="short">{m.ends_at:%-d %b %H:%M}</td><td class="short">{escape(m.source)}</td>'
        f'<td class="short">{escape(m.state.replace("_", " "))}</td><td class="number">{_figure(m.true)}</td>'
        f'<td class="number">{_figure(m.unseen)}</td>'
        f'<td class="number">{_figure(m.estimated)}{"" if m.trusted else " ?"}</td>'
        f'<td class="number">{_audited(m)}</td><td class="short">{escape(m.version)}</td></tr>'
        + (f'<tr><td></td><td colspan="8" class="quiet">then: {escape(m.done)}</td></tr>' if m.done else "")
        for m in moments
    )
    note = (
        '<p class="quiet">New documents: F1 on notes of documents that the version learned nothing from. '
        "A question mark: the watch does not trust the estimate. Too few: the last five windows have under "
        f"{FEWEST_AUDITED} audited notes, of which no figure is made.</p>"
    )
    return _table(heads, rows, {0, 4, 5, 6, 7}) + note


def _claims(story: Story) -> str:
    rows = (
        f'<tr><td class="number">{claim.act}</td><td class="{"holds" if claim.holds else "fails"}">'
        f"{'✓ so' if claim.holds else '✗ not so'}</td><td>{escape(claim.says)}</td></tr>"
        for claim in story.claims
    )
    return _table(("act", "", "what is so"), rows, {0})


def _trainings(trainings: Iterable[Facts]) -> str:
    rows = (
        "<tr>"
        + "".join(f'<td class="short">{escape(cell)}</td>' for cell in _training(t))
        + f'<td class="wide">{"<br>".join(map(escape, t["reasons"]))}</td></tr>'
        for t in trainings
    )
    return _table(("begun", "by", "candidate", "verdict", "reasons"), rows, set())


def _training(facts: Facts) -> tuple[str, ...]:
    begun = facts["started_at"][:16].replace("T", " ")
    return begun, facts["trigger"], facts["candidate"] or _DASH, facts["verdict"] or facts["state"]


def _events(story: Story) -> str:
    events = [*story.prologue, *(event for m in story.moments for event in m.events)]
    rows = (
        f'<tr><td class="short">{event.at:%-d %b %H:%M}</td><td class="short">{escape(event.kind)}</td>'
        f"<td>{escape(event.says)}</td></tr>"
        for event in events
    )
    return f"<details><summary>{len(events)} entries</summary>{_table(('at', 'what', ''), rows, set())}</details>"


def _card(title: str, inner: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2><div class="scroll">{inner}</div></section>'


def _table(heads: Iterable[str], rows: Iterable[str], numbers: set[int]) -> str:
    head = "".join(
        f'<th scope="col"{" class=number" if i in numbers else ""}>{escape(h)}</th>' for i, h in enumerate(heads)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _figure(figure: Facts | None) -> str:
    return _DASH if figure is None else f"{figure['value']:.3f} ({figure['low']:.2f}–{figure['high']:.2f})"


def _audited(moment: Moment) -> str:
    if moment.audited is None or moment.audit_tells:
        return _figure(moment.audited)
    return f"too few ({moment.audited['notes']})"


def _f1(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"


def _both(first: Facts | None, second: Facts | None) -> str:
    return _DASH if first is None or second is None else f"{first['value']:.3f} → {second['value']:.3f}"


def _whole(value: int | None) -> str:
    return _DASH if value is None else f"{value}"


def _hours(value: float | None) -> str:
    return _DASH if value is None else f"{value:.1f}"
