"""Show extractions to a reader: one self-contained HTML page with marked notes and a table of what treats what.

Pure functions from values to text. The pages load nothing and run no script (a Content-Security-Policy forbids it),
everything that came from a note is escaped, and spans that overlap, nest or leave the text are shown as far as they
can be. Refuses to judge: what is wrong in an extraction is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from behealthy.extract.record.rows import Row, rows
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction

_STYLE = """
:root { color-scheme: light dark; --page: #fbfbfa; --card: #ffffff; --ink: #1d2327; --muted: #57626b;
  --line: #dde1e4; --accent: #0b6660; --disease: #fde5d2; --disease-line: #b0440b; --treatment: #d6ecf6;
  --treatment-line: #0d6487; --other: #e9e6f4; --other-line: #5d4aa3; --bar: #9fcdc8; }
@media (prefers-color-scheme: dark) { :root { --page: #14181b; --card: #1b2024; --ink: #e3e8ea; --muted: #9ba7af;
  --line: #31393f; --accent: #6cc9c0; --disease: #4d2b15; --disease-line: #f29a60; --treatment: #123b4c;
  --treatment-line: #74c9e9; --other: #332c52; --other-line: #b3a4ee; --bar: #2c615c; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 12px; }
body { margin: 0; background: var(--page); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 20px; line-height: 28px; margin: 0; font-weight: 600; }
h2 { font-size: 15px; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--muted); font-weight: 400; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 12px 16px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { color: var(--muted); font-weight: 500; text-align: left; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
mark { background: none; color: inherit; }
mark:is(.disease, .treatment, .other) { padding-bottom: 1px; }
mark:is(.disease, .treatment, .other):has(mark) { padding-bottom: 4px; }
mark.disease { background: var(--disease); border-bottom: 2px solid var(--disease-line); }
mark.treatment { background: var(--treatment); border-bottom: 2px dotted var(--treatment-line); }
mark.other { background: var(--other); border-bottom: 2px dashed var(--other-line); }
mark.negated { text-decoration: line-through; }
mark.possible { outline: 1px dashed currentColor; outline-offset: 1px; }
mark.historical { color: var(--muted); }
mark.hypothetical { font-style: italic; }
mark.family::after { content: "family"; font-size: 10px; margin-left: 3px; padding: 0 3px; border-radius: 3px;
  border: 1px solid currentColor; vertical-align: 2px; }
@media print { body { background: none; } nav { display: none; } .card { break-inside: avoid; } }
"""

_NOTES_STYLE = """
.layout { display: grid; grid-template-columns: 208px minmax(0, 1fr); gap: 24px; max-width: 1320px; margin: 0 auto;
  padding: 20px 24px; }
nav { position: sticky; top: 20px; align-self: start; max-height: calc(100vh - 40px); overflow-y: auto;
  font-size: 13px; }
nav ol { list-style: none; margin: 8px 0 0; padding: 0; }
nav a { display: flex; justify-content: space-between; gap: 8px; padding: 3px 8px; border-radius: 4px;
  color: var(--ink); text-decoration: none; }
nav a:hover { background: var(--line); }
nav a span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
main { display: grid; gap: 16px; }
header { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; justify-content: space-between; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; }
article { display: grid; grid-template-columns: minmax(0, 7fr) minmax(300px, 5fr); gap: 8px 32px; }
article > h2, article > .warnings { grid-column: 1 / -1; }
.note { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.7; max-width: 76ch; }
article table { table-layout: fixed; }
article th.code { width: 72px; }
article p { margin: 4px 0; }
.warnings { margin: 0; padding: 0; list-style: none; font-size: 13px; color: var(--muted); }
@media (max-width: 900px) { .layout, article { grid-template-columns: minmax(0, 1fr); } nav { position: static;
  max-height: 160px; } }
"""

_CLASSES = {DISEASE: "disease", TREATMENT: "treatment"}
_NONE = '<span class="quiet">–</span>'


def to_html(extractions: Sequence[tuple[str, Extraction]], title: str) -> str:
    """Write one page: each note with its entities marked, and beside it what treats what.

    Parameters
    ----------
    extractions : sequence of (name, Extraction)
        The name heads the note and stands in the list of notes: a file name, or the note's id.
    title : str
        Heads the page.
    """
    notes = "".join(_article(i, name, extraction) for i, (name, extraction) in enumerate(extractions, 1))
    items = "".join(
        f'<li><a href="#note-{i}" title="{escape(name)}"><span>{escape(name)}</span>'
        f'<span class="number quiet">{len(extraction.entities)}</span></a></li>'
        for i, (name, extraction) in enumerate(extractions, 1)
    )
    found = sum(len(extraction.entities) for _, extraction in extractions)
    body = (
        f'<div class="layout"><nav aria-label="Notes"><strong>Notes</strong><ol>{items}</ol></nav><main>'
        f"<header><div><h1>{escape(title)}</h1>"
        f'<span class="quiet">{counted(len(extractions), "note")}, {counted(found, "entity", "entities")}</span></div>'
        f'<div class="legend">{_legend(extraction for _, extraction in extractions)}</div></header>'
        f"{notes or '<p>No notes yet: what is extracted from them will stand here.</p>'}</main></div>"
    )
    return page(title, body, _NOTES_STYLE)


def page(title: str, body: str, style: str = "") -> str:
    """Wrap a body that is HTML already in a page with the house style, light and dark; the title is escaped."""
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>\n<body>{body}</body></html>\n"
    )
    return html.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate in a note must not stop the file


def type_class(type: str) -> str:
    """Give the CSS class that the house style has for an entity type."""
    return _CLASSES.get(type, "other")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Say a number with its noun.

    >>> counted(1, "note"), counted(2, "note"), counted(0, "entity", "entities")
    ('1 note', '2 notes', '0 entities')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def marked(text: str, entities: Iterable[Entity]) -> str:
    """Give the text as HTML with every entity in a ``<mark>``.

    The text is cut wherever an entity begins or ends; each piece lies in the marks of all entities that cover it,
    the longest outermost. So entities may nest or cross, and the text inside the marks is always the whole text.
    """
    spans = [(max(0, e.start), min(len(text), e.end), e) for e in entities]
    spans = sorted((s for s in spans if s[0] < s[1]), key=lambda s: s[1] - s[0], reverse=True)
    starting: dict[int, list[int]] = {}
    ending: dict[int, list[int]] = {}
    for rank, (start, end, _) in enumerate(spans):
        starting.setdefault(start, []).append(rank)
        ending.setdefault(end, []).append(rank)
    out: list[str] = []
    covering: set[int] = set()
    done = 0
    for cut in sorted({0, len(text), *starting, *ending}):
        opened = [spans[rank][2] for rank in sorted(covering)]
        if done < cut:
            out += [*map(_open, opened), escape(text[done:cut]), "</mark>" * len(opened)]
        covering.difference_update(ending.get(cut, ()))
        covering.update(starting.get(cut, ()))
        done = cut
    return "".join(out)


def _open(entity: Entity) -> str:
    said = [entity.type, f"score {entity.score:.2f}", entity.assertion, entity.section]
    said += [f"{code.system} {code.code} {code.display}" for code in entity.codes[:1]]
    title = escape(" · ".join(part for part in said if part))
    kind = escape(f"{type_class(entity.type)} {_status(entity)}".strip())
    return f'<mark class="{kind}" title="{title}">'


def _article(number: int, name: str, extraction: Extraction) -> str:
    version = f' <span class="quiet">{escape(extraction.model_version)}</span>' if extraction.model_version else ""
    notices = "".join(f"<li>⚠ {escape(warning)}</li>" for warning in extraction.warnings)
    return (
        f'<article class="card" id="note-{number}"><h2>{escape(name)}{version}</h2>'
        + (f'<ul class="warnings">{notices}</ul>' if notices else "")
        + f'<div class="note" dir="auto">{marked(extraction.text, extraction.entities)}</div>'
        f"<div>{_table(extraction)}</div></article>"
    )


def _table(extraction: Extraction) -> str:
    lines = "".join(
        f"<tr><td>{disease}</td><td>{code}</td><td>{treatments}</td></tr>"
        for disease, code, treatments in map(_cells, rows([extraction]))
    )
    if not lines:
        return '<p class="quiet">Nothing found in this note.</p>'
    return (
        '<table><thead><tr><th scope="col">Disease</th><th scope="col" class="code">Code</th>'
        f'<th scope="col">Treatment</th></tr></thead><tbody>{lines}</tbody></table>'
    )


def _cells(row: Row) -> tuple[str, str, str]:
    """Give disease, code and treatments as HTML."""
    status = "" if row.status in (None, "present") else str(row.status)
    code = f'<span title="{escape(row.code.display)}">{escape(row.code.code)}</span>' if row.code else _NONE
    treatments = "<br>".join(f"{_said(t.name, t.remark)}{_quiet(t.dose)}" for t in row.treatments)
    return _said(row.disease, status) if row.disease else _NONE, code if row.disease else _NONE, treatments or _NONE


def _said(name: str, remark: str) -> str:
    return escape(name) + (_quiet(f"({remark})") if remark else "")


def _quiet(words: str) -> str:
    return f' <span class="quiet">{escape(words)}</span>' if words else ""


def _status(entity: Entity) -> str:
    """Give the assertion as a word where it is worth saying; it is also the CSS class of the mark."""
    return "" if entity.assertion in (None, "present") else str(entity.assertion)


def _legend(extractions: Iterable[Extraction]) -> str:
    entities = [entity for extraction in extractions for entity in extraction.entities]
    types = dict.fromkeys([DISEASE, TREATMENT, *sorted({e.type for e in entities})])
    # The mark of a family mention says its own word.
    statuses = sorted({(s, "" if s == "family" else s) for e in entities if (s := _status(e))})
    return "".join(
        f'<span><mark class="{escape(kind)}">{escape(word)}</mark></span>'
        for kind, word in [(type_class(t), t.lower()) for t in types] + statuses
    )
