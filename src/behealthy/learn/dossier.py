"""The dossier of a candidate: all that a person needs to agree or disagree with the gate, as JSON and as a page.

What triggered it, what it learned from, both models' figures with their intervals, the differences slice by slice, the
behavioural suite, sentences of our own that changed, every rule, the decision and who stands for it. Numbers, hashes
and words of our own making; never a word of anybody's note, since a dossier is sent around. This module refuses to
decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from behealthy.extract.render import marked, page
from behealthy.learn.evidence import Side
from behealthy.learn.gate import Difference, Rule, Verdict
from behealthy.learn.sentences import Change
from behealthy.note import entity_at

FORM = 1
_MARK = {"passed": "✓ met", "failed": "✗ not met", "unknown": "? cannot be told"}
_DECISION = {
    "promote": "Promote: the candidate earned its place",
    "keep": "Keep: the champion stays",
    "inconclusive": "Inconclusive: the champion stays",
}
_APPROVAL = {
    "waiting": "It waits for approval, since",
    "approved": "Approved",
    "refused": "Refused",
    "passed_over": "It waited for approval, and another version was released meanwhile; asked",
}
_STYLE = """
main { max-width: 1080px; margin: 0 auto; padding: 20px 24px; display: grid; gap: 16px; }
h2 { margin-bottom: 8px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 16px; margin: 0; font-size: 13px; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.decision { border-left: 4px solid var(--state); } .decision h1 { color: var(--state); }
.promote, .passed { --state: #17703c; } .keep, .failed { --state: #ad2318; }
.inconclusive, .unknown { --state: #8a5a00; }
@media (prefers-color-scheme: dark) { .promote, .passed { --state: #6fd199; } .keep, .failed { --state: #ff9187; }
  .inconclusive, .unknown { --state: #f0bd5b; } }
td.state { color: var(--state); white-space: nowrap; font-weight: 600; }
ul { margin: 8px 0 0; padding-left: 20px; }
.forest { width: 240px; } .forest svg { display: block; width: 240px; height: 16px; overflow: hidden; }
.forest line { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2; }
.forest .span { stroke: var(--muted); stroke-width: 2; stroke-dasharray: none; }
.forest .point { fill: var(--accent); } .scroll { overflow-x: auto; }
"""
_REACH = 0.3  # widest difference that is drawn


def facts(
    *,
    training: Mapping[str, Any],
    data: Mapping[str, Any],
    recipe: Mapping[str, Any],
    champion: Side,
    candidate: Side,
    figures: Mapping[str, Mapping[str, Any]],
    calibration: Mapping[str, Any],
    verdict: Verdict,
    changes: Sequence[Change],
    approver: str,
) -> dict[str, Any]:
    """When called, it will give the dossier as plain values.

    Parameters
    ----------
    training : mapping
        ``id``, ``trigger``, ``requested_by``, ``reason``, ``run_id``, ``decided_at``.
    data : mapping
        ``snapshot``, ``hash``, ``documents``, ``parts``, ``lineage``, ``adapted_from`` and the like.
    figures : mapping
        `learn.evaluate.Report.to_json` of ``champion`` and ``candidate``.
    changes : sequence of Change
        Sentences of our own in which the two find different things.
    approver : str
        Who stands for the decision: ``gate``, or a person's name.
    """
    return {
        "form": FORM,
        "training": dict(training),
        "data": dict(data),
        "recipe": dict(recipe),
        "champion": _side(champion, figures["champion"]),
        "candidate": _side(candidate, figures["candidate"]) | {"calibration": dict(calibration)},
        "verdict": verdict.to_json(),
        "changes": [change.to_json() for change in changes],
        "approver": approver,
    }


def _side(side: Side, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": side.version,
        "figures": dict(figures),
        "suite": {name: list(held) for name, held in side.suite.items()},
        "p95_s": side.p95_s,
        "notes_per_s": side.notes_per_s,
        "size_bytes": side.size_bytes,
        "types": list(side.signature),
    }


def to_html(dossier: Mapping[str, Any]) -> str:
    """When called, it will write a dossier as one self-contained page, light and dark; all in it is escaped."""
    verdict = Verdict.from_json(dossier["verdict"])
    candidate, champion = dossier["candidate"], dossier["champion"]
    body = (
        "<main>"
        + _head(dossier, verdict)
        + _card("Where it comes from", _list(_origin(dossier)))
        + _card("Rules", _rules(verdict.rules))
        + _card("Figures on the frozen test notes", _figures(champion, candidate))
        + _card("Differences in strict F1", _differences(verdict.differences))
        + _card("Behavioural suite", _suite(champion["suite"], candidate["suite"]))
        + _card("Sentences of our own that changed", _changes(map(Change.from_json, dossier.get("changes", ()))))
        + _card("Calibration of the candidate", _calibration(candidate.get("calibration") or {}))
        + _card("Recipe", _list({name: _plain(value) for name, value in dossier["recipe"].items()}))
        + "</main>"
    )
    return page(f"Dossier of {candidate['version']}", body, _STYLE)


def _head(dossier: Mapping[str, Any], verdict: Verdict) -> str:
    reasons = "".join(f"<li>{_said(reason)}</li>" for reason in verdict.reasons)
    versions = f"{dossier['candidate']['version']} against {dossier['champion']['version']}"
    return (
        f'<header class="card decision {verdict.decision}"><h1>{_DECISION[verdict.decision]}</h1>'
        f'<span class="quiet">{escape(versions)}; decided by {escape(str(dossier["approver"]))}</span>'
        f"{_approval(dossier.get('approval'))}<ul>{reasons}</ul></header>"
    )


def _approval(approval: Mapping[str, Any] | None) -> str:
    """Say what a person made of it, where one was asked."""
    if approval is None:
        return ""
    at = str(approval["at"])[:16].replace("T", " ")
    who = f" by {approval['by']}: {approval['reason']}," if approval["by"] else ""
    said = f"{_APPROVAL[approval['state']]}{who} {at} UTC"
    return f'<p class="approval">{escape(said)}</p>'


def _origin(dossier: Mapping[str, Any]) -> dict[str, str]:
    training, data = dossier["training"], dossier["data"]
    rows = {
        "training": training.get("id"),
        "triggered by": training.get("trigger"),
        "asked for by": training.get("requested_by"),
        "reason": training.get("reason"),
        "decided at": training.get("decided_at"),
        "MLflow run": training.get("run_id"),
        **{name.replace("_", " "): value for name, value in data.items() if name != "lineage"},
        **{f"lineage: {name}": value for name, value in (data.get("lineage") or {}).items()},
    }
    return {name: _plain(value) for name, value in rows.items() if value not in (None, "", {}, [])}


def _rules(rules: Iterable[Rule]) -> str:
    rows = (
        f'<tr class="{rule.outcome}"><td>{escape(rule.name)}</td><td class="state">{_MARK[rule.outcome]}</td>'
        f'<td class="number">{_number(rule.value)}</td><td class="number">{_number(rule.bound)}</td>'
        f'<td class="number">{_number(rule.limit)}</td><td>{_said(rule.says)}</td></tr>'
        for rule in rules
    )
    return _table(("rule", "", "value", "bound", "limit", "in words"), rows, {2, 3, 4})


def _figures(champion: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    rows = []
    for side, name in ((champion, "champion"), (candidate, "candidate")):
        for kind, row in (("all", side["figures"]["micro"]), *side["figures"]["types"].items()):
            cells = "".join(f'<td class="number">{_score(row[match])}</td>' for match in ("strict", "relaxed"))
            sizes = f'<td class="number">{row["n"]}</td><td class="number">{row["predicted"]}</td>'
            exact = "".join(f'<td class="number">{row["strict"][part]:.3f}</td>' for part in ("precision", "recall"))
            rows.append(f"<tr><td>{name}</td><td>{escape(kind)}</td>{sizes}{cells}{exact}</tr>")
    heads = ("model", "type", "gold", "found", "strict F1 (95 %)", "relaxed F1 (95 %)", "precision", "recall")
    costs = (
        f'<p class="quiet">{name}: {side["notes_per_s"]:.0f} notes/s, slowest notes (p95) {1000 * side["p95_s"]:.1f} '
        f"ms, {side['size_bytes'] / 1e6:.2f} MB</p>"
        for side, name in ((champion, "champion"), (candidate, "candidate"))
    )
    return _table(heads, rows, set(range(2, 8))) + "".join(costs)


def _differences(differences: Iterable[Difference]) -> str:
    rows = (
        f'<tr><td>{escape(d.name)}</td><td class="number">{d.entities}</td><td class="number">{d.champion:.3f}</td>'
        f'<td class="number">{d.candidate:.3f}</td><td class="number">{d.value:+.3f}</td>'
        f'<td class="number">{d.low:+.3f} to {d.high:+.3f}</td><td class="forest">{_forest(d)}</td></tr>'
        for d in differences
        if d.entities
    )
    said = '<p class="quiet">Each bound holds with 95 %; drawn from -0.3 to +0.3, the line is no difference.</p>'
    heads = ("group", "entities", "champion", "candidate", "difference", "bounds", "")
    return said + _table(heads, rows, {1, 2, 3, 4, 5})


def _forest(d: Difference) -> str:
    low, at, high = (120 + 120 * max(-1.0, min(1.0, x / _REACH)) for x in (d.low, d.value, d.high))
    return (
        '<svg viewBox="0 0 240 16" aria-hidden="true"><line x1="120" y1="0" x2="120" y2="16"/>'
        f'<line class="span" x1="{low:.1f}" y1="8" x2="{high:.1f}" y2="8"/>'
        f'<circle class="point" cx="{at:.1f}" cy="8" r="4"/></svg>'
    )


def _suite(champion: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    rows = (
        f'<tr><td>{escape(name)}</td><td class="number">{n}</td>'
        f'<td class="number">{champion.get(name, [0])[0]}</td><td class="number">{held}</td></tr>'
        for name, (held, n) in candidate.items()
    )
    return _table(("capability", "cases", "champion holds", "candidate holds"), rows, {1, 2, 3})


def _changes(changes: Iterable[Change]) -> str:
    rows = [
        f"<tr><td>{escape(change.where)}</td>"
        + "".join(f"<td>{_sentence(change, number)}</td>" for number in (0, 1))
        + "</tr>"
        for change in changes
    ]
    if not rows:
        return '<p class="quiet">Both find the same in every one of them.</p>'
    return _table(("capability or note", "champion", "candidate"), rows, set())


def _sentence(change: Change, number: int) -> str:
    spans = (change.first, change.second)[number]
    said = marked(change.text, [entity_at(change.text, *span) for span in spans])
    return said if change.held is None else f"{said} ({_MARK['passed' if change.held[number] else 'failed']})"


def _calibration(calibration: Mapping[str, Any]) -> str:
    if not calibration:
        return '<p class="quiet">Not fitted: too few notes that the model had not seen.</p>'
    errors, fitted = calibration.get("error", {}), calibration.get("fitted_on", {})
    rows = (
        f'<tr><td class="number">{row["low"]:.1f}–{row["high"]:.1f}</td><td class="number">{row["n"]}</td>'
        f'<td class="number">{row["score"]:.3f}</td><td class="number">{row["right"]:.3f}</td></tr>'
        for row in calibration.get("bins", ())
        if row["n"]
    )
    said = (
        f'<p class="quiet">Fitted on {fitted.get("spans", 0)} spans of {fitted.get("notes", 0)} notes that it had '
        f"not seen; expected calibration error {errors.get('before', 0):.3f} before, {errors.get('after', 0):.3f} "
        "after.</p>"
    )
    return said + _table(("score", "spans", "mean score", "share right"), rows, {0, 1, 2, 3})


# The parts of a page -------------------------------------------------------------------------------------------------


def _card(title: str, inner: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2><div class="scroll">{inner}</div></section>'


def _list(rows: Mapping[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows.items()) + "</dl>"


def _table(heads: Iterable[str], rows: Iterable[str], numbers: set[int]) -> str:
    head = "".join(
        f'<th scope="col"{" class=number" if i in numbers else ""}>{escape(h)}</th>' for i, h in enumerate(heads)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _score(score: Mapping[str, Any]) -> str:
    interval = score["interval"]
    return f"{score['f1']:.3f}" + ("" if interval is None else f" ({interval[0]:.3f}–{interval[1]:.3f})")


def _said(sentence: str) -> str:
    return escape(sentence).replace("-&gt;", "&rarr;")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_plain(v)}" for k, v in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
