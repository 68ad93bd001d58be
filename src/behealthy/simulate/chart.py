"""The timeline drawn: F1 over the windows, what a person was told and what served; and how unlike the notes were.

Scalable graphics in plain text, coloured by the page's style sheet alone. This module refuses to know what a number
means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from behealthy.monitor.states import FEWEST_AUDITED
from behealthy.simulate.timeline import Facts, Moment

WIDTH = 1_000
_LEFT, _RIGHT, _TOP = 52, 24, 52
_HEIGHT, _SMALL = 300, 150  # of the plots themselves
_STATE_Y, _STATE_H = 8, 22

STYLE = """
.chart { overflow-x: auto; } .chart svg { display: block; width: 100%; min-width: 720px; height: auto; }
.chart text { font: 12px system-ui, sans-serif; fill: var(--muted); }
.chart text.middle { text-anchor: middle; } .chart text.end { text-anchor: end; } .chart text.ink { fill: var(--ink); }
.grid { stroke: var(--line); } .axis { stroke: var(--muted); }
.true { stroke: var(--ink); fill: none; stroke-width: 2; } .true-dot { fill: var(--ink); }
.estimated { stroke: var(--estimated); fill: none; stroke-width: 2; stroke-dasharray: 6 4; }
.estimated-dot { fill: var(--estimated); stroke: var(--estimated); stroke-width: 2; }
.estimated-dot.doubtful { fill: var(--card); } .band { fill: var(--estimated); opacity: .13; }
.audited { stroke: var(--audited); stroke-width: 1.5; } .audited-dot { fill: var(--audited); }
.promised { stroke: var(--muted); stroke-dasharray: 2 3; } .floor { stroke: var(--bad); stroke-dasharray: 8 3; }
.threshold { stroke: var(--bad); stroke-dasharray: 8 3; } .usual { fill: var(--line); opacity: .6; }
.release { stroke: var(--good); stroke-width: 2; } .release-mark { fill: var(--good); }
.alert-mark { fill: var(--bad); } .alert-line { stroke: var(--bad); opacity: .35; }
.other { fill: var(--line); opacity: .35; }
.state { stroke: none; } .state.ok { fill: var(--ok-area); } .state.insufficient { fill: var(--line); }
.state.warning { fill: var(--warning-area); } .state.drift, .state.performance_breach { fill: var(--bad-area); }
"""

_SAID = {"performance_breach": "breach", "insufficient": "too few"}


def legend() -> str:
    """When called, it will say what each sign of the F1 chart means."""
    signs = (
        ('<line class="true" x1="0" y1="8" x2="26" y2="8"/><circle class="true-dot" cx="13" cy="8" r="4"/>', "true"),
        (
            '<line class="estimated" x1="0" y1="8" x2="26" y2="8"/>'
            '<circle class="estimated-dot" cx="13" cy="8" r="4"/>',
            "estimated, with its 95 % interval",
        ),
        ('<circle class="estimated-dot doubtful" cx="13" cy="8" r="4"/>', "estimated, and not trusted by the watch"),
        (
            '<line class="audited" x1="13" y1="0" x2="13" y2="16"/><path class="audited-dot" d="M13 3l5 5-5 5-5-5z"/>',
            f"audited, of the last five windows, from {FEWEST_AUDITED} notes on",
        ),
        ('<line class="promised" x1="0" y1="8" x2="26" y2="8"/>', "promised"),
        ('<line class="floor" x1="0" y1="8" x2="26" y2="8"/>', "floor"),
        ('<path class="release-mark" d="M13 2l6 11H7z"/>', "a model is released"),
        ('<path class="alert-mark" d="M7 3h12l-6 11z"/>', "an alert"),
    )
    items = (f'<li><svg viewBox="0 0 26 16" aria-hidden="true">{sign}</svg>{escape(said)}</li>' for sign, said in signs)
    return f'<ul class="legend">{"".join(items)}</ul>'


def f1(moments: Sequence[Moment], usual: str) -> str:
    """When called, it will draw true, estimated and audited F1 over the windows, with states, alerts and releases.

    Parameters
    ----------
    usual : str
        The source that does not need a shade.
    """
    figures = [f for m in moments for f in (m.true, m.estimated, m.audited if m.audit_tells else None) if f]
    low = min([figure["low"] for figure in figures] + [m.floor for m in moments if m.floor is not None], default=0.0)
    high = max([figure["high"] for figure in figures], default=1.0)
    frame = _Frame(len(moments), math.floor(10 * low) / 10, min(1.0, math.ceil(10 * high) / 10), _TOP, _HEIGHT)
    parts = [
        *_shades(frame, moments, usual),
        *frame.axes("{:.1f}", 0.1),
        *_states(frame, moments),
        *_steps(frame, moments, "promised", lambda m: None if m.promised is None else float(m.promised["value"])),
        *_steps(frame, moments, "floor", lambda m: m.floor),
        *_marks(frame, moments),
        _band(frame, [m.estimated for m in moments]),
        *_whiskers(frame, moments),
        *_line(frame, "estimated", [m.estimated for m in moments], [not m.trusted for m in moments]),
        *_line(frame, "true", [m.true for m in moments], [False] * len(moments)),
        *_feet(frame, moments),
    ]
    what = f"Strict F1 over {len(moments)} windows: true, estimated and audited, with the states of the watch"
    return _svg(parts, frame.bottom + 62, what)


def signal(moments: Sequence[Moment], name: str, limit: float | None = None) -> str:
    """When called, it will draw one signal of the drift over the windows, its usual range and a threshold."""
    rows = [m.signals.get(name) for m in moments]
    known = [row for row in rows if row is not None]
    top = max([row["value"] for row in known] + [row["band"][1] for row in known], default=1.0)
    bottom = min([row["value"] for row in known] + [row["band"][0] for row in known], default=0.0)
    frame = _Frame(len(moments), math.floor(10 * bottom) / 10, math.ceil(10 * top) / 10, 16, _SMALL)
    parts = list(frame.axes("{:.1f}", 0.1))
    for i, row in enumerate(rows):
        if row is not None:
            y, h = frame.y(row["band"][1]), frame.y(row["band"][0]) - frame.y(row["band"][1])
            x, w = frame.x(i) - frame.step / 2, frame.step
            parts.append(f'<rect class="usual" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"/>')
    if limit is not None:
        y = frame.y(limit)
        parts.append(f'<line class="threshold" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>')
    parts += _line(frame, "true", rows, [row is not None and not row["moved"] for row in rows])
    parts += (
        f'<text class="middle" x="{frame.x(i):.1f}" y="{frame.bottom + 18}">{m.ends_at:%-d %b}</text>'
        for i, m in enumerate(moments)
    )
    return _svg(parts, frame.bottom + 28, f"The signal {name} over {len(moments)} windows, with its usual range")


class _Frame:
    """Where a window and a number lie."""

    def __init__(self, windows: int, low: float, high: float, top: int, height: int) -> None:
        self.windows, self.low, self.high, self.top, self.height = windows, low, max(high, low + 0.1), top, height
        self.bottom = top + height
        self.step = (WIDTH - _LEFT - _RIGHT) / max(1, windows)

    def x(self, place: float) -> float:
        """Give the middle of a window, or a place between two."""
        return _LEFT + (place + 0.5) * self.step

    def y(self, value: float) -> float:
        """Give the height of a number."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.bottom - share * self.height

    def axes(self, form: str, step: float) -> Iterator[str]:
        """Give the lines of round numbers."""
        for i in range(round((self.high - self.low) / step) + 1):
            value = self.low + i * step
            y = self.y(value)
            kind = "grid" if i else "axis"
            yield f'<line class="{kind}" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'
            yield f'<text class="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{form.format(value)}</text>'


def _shades(frame: _Frame, moments: Sequence[Moment], usual: str) -> Iterator[str]:
    """Shade the windows of other sources."""
    for i, m in enumerate(moments):
        if m.source != usual:
            x, y = frame.x(i) - frame.step / 2, frame.top
            yield f'<rect class="other" x="{x:.1f}" y="{y}" width="{frame.step:.1f}" height="{frame.height}"/>'


def _states(frame: _Frame, moments: Sequence[Moment]) -> Iterator[str]:
    for i, m in enumerate(moments):
        x, w = frame.x(i) - frame.step / 2 + 1, frame.step - 2
        yield f'<rect class="state {m.state}" x="{x:.1f}" y="{_STATE_Y}" width="{w:.1f}" height="{_STATE_H}" rx="3"/>'
        y = _STATE_Y + 15
        yield f'<text class="middle ink" x="{frame.x(i):.1f}" y="{y}">{_SAID.get(m.state, m.state)}</text>'


def _steps(
    frame: _Frame, moments: Sequence[Moment], name: str, value: Callable[[Moment], float | None]
) -> Iterator[str]:
    for i, m in enumerate(moments):
        number = value(m)
        if number is not None:
            x, y = frame.x(i) - frame.step / 2, frame.y(number)
            yield f'<line class="{name}" x1="{x:.1f}" y1="{y:.1f}" x2="{x + frame.step:.1f}" y2="{y:.1f}"/>'


def _marks(frame: _Frame, moments: Sequence[Moment]) -> Iterator[str]:
    """Mark alerts and releases where they were, between the windows."""
    for i, m in enumerate(moments):
        end = moments[i + 1].judged_at if i + 1 < len(moments) else None
        for event in m.events:
            if event.kind not in ("alert", "release"):
                continue
            share = (event.at - m.judged_at) / (end - m.judged_at) if end is not None else 0.25
            x, y = frame.x(i + share), frame.top - 10
            title = f"<title>{escape(f'{event.at:%-d %b %H:%M}: {event.says}')}</title>"
            line = f'x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{frame.bottom}"'
            released = event.kind == "release"
            stroke, sign = ("release", "release-mark") if released else ("alert-line", "alert-mark")
            shape = f"M{x:.1f} {y - 6}l6 11h-12z" if released else f"M{x - 6:.1f} {y - 6}h12l-6 11z"
            yield f'<g>{title}<line class="{stroke}" {line}/><path class="{sign}" d="{shape}"/></g>'


def _band(frame: _Frame, figures: Sequence[Facts | None]) -> str:
    """Draw the interval of a line as an area; where a figure is missing there is none."""
    known = [(frame.x(i), f) for i, f in enumerate(figures) if f is not None]
    there = [f"{x:.1f},{frame.y(f['high']):.1f}" for x, f in known]
    back = [f"{x:.1f},{frame.y(f['low']):.1f}" for x, f in reversed(known)]
    return f'<polygon class="band" points="{" ".join(there + back)}"/>'


def _whiskers(frame: _Frame, moments: Sequence[Moment]) -> Iterator[str]:
    for i, m in enumerate(moments):
        if m.audited is None or not m.audit_tells:
            continue
        x = frame.x(i) + 9  # beside the other signs, so that none hides another
        low, y, high = (frame.y(m.audited[name]) for name in ("low", "value", "high"))
        title = f"<title>audited {_said(m.audited)}</title>"
        yield (
            f'<g>{title}<line class="audited" x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}"/>'
            f'<path class="audited-dot" d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z"/></g>'
        )


def _line(frame: _Frame, name: str, figures: Sequence[Facts | None], doubtful: Sequence[bool]) -> Iterator[str]:
    known = [(i, f) for i, f in enumerate(figures) if f is not None]
    points = " ".join(f"{frame.x(i):.1f},{frame.y(f['value']):.1f}" for i, f in known)
    yield f'<polyline class="{name}" points="{points}"/>'
    for i, f in known:
        kind = f"{name}-dot doubtful" if doubtful[i] else f"{name}-dot"
        yield (
            f'<circle class="{kind}" cx="{frame.x(i):.1f}" cy="{frame.y(f["value"]):.1f}" r="4">'
            f"<title>{name} {_said(f)}</title></circle>"
        )


def _feet(frame: _Frame, moments: Sequence[Moment]) -> Iterator[str]:
    """Write under each window its date and source, and under the windows of a version its name."""
    for i, m in enumerate(moments):
        x = frame.x(i)
        yield f'<text class="middle ink" x="{x:.1f}" y="{frame.bottom + 18}">{m.ends_at:%-d %b}</text>'
        yield f'<text class="middle" x="{x:.1f}" y="{frame.bottom + 34}">{escape(m.source)}</text>'
    for first, last, version in _runs(m.version for m in moments):
        x1, x2 = frame.x(first) - frame.step / 2 + 4, frame.x(last) + frame.step / 2 - 4
        y = frame.bottom + 44
        yield f'<line class="axis" x1="{x1:.1f}" y1="{y}" x2="{x2:.1f}" y2="{y}"/>'
        yield f'<text class="middle" x="{(x1 + x2) / 2:.1f}" y="{y + 15}">{escape(version)}</text>'


def _runs(names: Iterable[str]) -> list[tuple[int, int, str]]:
    """Give the first and last place of each unbroken run.

    >>> _runs(["a", "a", "b"])
    [(0, 1, 'a'), (2, 2, 'b')]
    """
    out: list[tuple[int, int, str]] = []
    for i, name in enumerate(names):
        if out and out[-1][2] == name:
            out[-1] = (out[-1][0], i, name)
        else:
            out.append((i, i, name))
    return out


def _said(figure: Facts) -> str:
    interval = "" if figure.get("low") is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
    return f"{figure['value']:.3f}{interval}"


def _svg(parts: Iterable[str], height: float, label: str) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">{inside}</svg>'
