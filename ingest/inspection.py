"""How a PDF was parsed, to look at: its pages with every line boxed and coloured by what it was taken for.

One HTML file that needs nothing beside it: the parse report, a legend, links to the provisions, and the pages.
"""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import pypdfium2 as pdfium

from ingest import limits
from ingest.correction import Book
from ingest.furniture import folio
from ingest.limits import Job, Limits
from ingest.page import Line, Page, Row
from ingest.parsing import Text, Work, worked
from ingest.picture import png
from lawsearch.catalogue import Catalogue
from lawsearch.errors import QueryError
from lawsearch.provision import Provision

#: Pixels across a page.
_WIDTH = 1000
#: Shades of grey that remain: enough to read by, and a fraction of the size.
_SHADES = 8
#: The part of the name of a place that may stand in an address.
_UNSAFE = re.compile(r"[^\w.-]")


@dataclass(frozen=True, slots=True)
class Role:
    """What a line can be taken for: the letter and the colour that show it, and its name."""

    letter: str
    colour: str
    name: str


ROLES = {
    "label": Role("H", "#c4141b", "number or heading of a unit"),
    "provision": Role("T", "#1f5fbf", "text of a unit"),
    "container": Role("C", "#7a1fa2", "title of a part or chapter"),
    "running": Role("R", "#6b6b6b", "running head or foot"),
    "folio": Role("#", "#3d3d3d", "page number"),
    "catchword": Role("W", "#8a5a2b", "catchword"),
    "contents": Role("I", "#00838f", "table of contents"),
    "note": Role("M", "#d81b8c", "marginal note: heading of a unit"),
    "footnote": Role("F", "#8a7500", "footnote"),
    "amendment": Role("A", "#a0522d", "mark of amendment"),
    "preamble": Role("P", "#2e7d32", "front matter, preamble"),
    "schedule": Role("S", "#d35400", "schedule"),
    "explanation": Role("E", "#5b6b00", "explanation"),
    "closing": Role("Z", "#0b6b4f", "closing words"),
    "unassigned": Role("?", "#ff0000", "unassigned"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line and what became of it: its role, and the provision (the unit, and the deepest part) that holds it.

    ``first`` is whether the unit begins here; ``language`` that of the text that the line belongs to, if any.
    """

    line: Line
    role: str
    language: str = ""
    unit: Provision | None = None
    part: Provision | None = None
    first: bool = False


def places(work: Work) -> Iterator[Place]:
    """Every line of a document once, in the order of the text, what was set aside last."""
    noted: set[Line] = set()
    for text in work.texts:
        yield from _rows(text)
        units = {id(row): p for p, rows in text.placed if p.is_unit for row in rows}
        for item in text.cut.segments:
            unit = units.get(id(item.rows[0])) if item.rows else None
            for line in (line for note in item.notes for line in note.lines if line not in noted):
                yield Place(line, "note", text.expression.language, unit)
                noted.add(line)
    for note in work.layout.notes:
        yield from (Place(line, "unassigned") for line in note.lines if line not in noted)
    folios = _folios(work.layout.furniture.get("running", ()))
    for reason, lines in work.layout.furniture.items():
        yield from (Place(line, "folio" if line in folios else reason) for line in lines)


def _folios(lines: Sequence[Line]) -> set[Line]:
    """Of running lines those that say the page number: a number in step with the pages."""
    found = [(number - line.page, line) for line in lines if (number := folio(line.text)) is not None]
    steps = Counter(step for step, _ in found)
    return {line for step, line in found if steps[step] > 1 or len(found) == 1}


def _spot(row: Row) -> tuple[object, ...]:
    """Where a row stands: a correction may have changed what it says."""
    line = row.line
    return line.page, line.x0, line.y0, line.x1, line.y1


def _rows(text: Text) -> Iterator[Place]:
    units: dict[tuple[object, ...], Provision] = {}
    parts: dict[tuple[object, ...], Provision] = {}
    starts: set[tuple[object, ...]] = set()
    labels: set[tuple[object, ...]] = set()
    roles = dict(zip(map(_spot, text.cut.flow), text.cut.roles, strict=True))
    for provision, rows in text.placed:
        spots = [_spot(row) for row in rows]
        if not provision.is_unit:
            # Parts follow what holds them: the last one is the deepest.
            parts.update(dict.fromkeys(spots, provision))
            continue
        for spot in spots:
            units.setdefault(spot, provision)
        if spots:
            starts.add(spots[0])
        if text.cut.family and provision.kind == text.cut.family.kind:
            labels.update([next((s for s in spots if roles.get(s) == "provision"), spots[0])] if spots else [])
    for row, role in zip(text.cut.flow, text.cut.roles, strict=True):
        spot = _spot(row)
        shown = "label" if role == "heading" or spot in labels else role or "unassigned"
        yield Place(
            row.line, shown, text.expression.language, units.get(spot), parts.get(spot), spot in starts
        )  # fmt: skip


def inspect(
    path: str | Path,
    *,
    catalogue: Catalogue | None = None,
    corrections: Book | None = None,
    pages: str = "",
    cache: Path | None = None,
) -> str:
    """The HTML file about the PDF at ``path``; ``pages`` are those to draw (``3-7``, ``1,4-5``), all unless given.

    Raises what ``parse`` raises, and QueryError for pages that are not there.
    """
    path = Path(path)
    work = worked(path, catalogue=catalogue, corrections=corrections, cache=cache)
    drawn = _wanted(pages, len(work.reading.pages))
    on: dict[int, list[Place]] = {}
    for place in places(work):
        on.setdefault(place.line.page, []).append(place)
    document = pdfium.PdfDocument(path)
    try:
        sheets = "".join(
            _page(work, n, on.get(n, []), _picture(document[n - 1], work.reading.pages[n - 1])) for n in drawn
        )
    finally:
        document.close()
    counts = Counter(place.role for n in drawn for place in on.get(n, []))
    return _HEAD.format(title=escape(path.name), style=_style()) + "".join(
        (
            "<nav>", _legend(counts, work), _jumps(work.texts, set(drawn)), "</nav><main>",
            f"<h1>{escape(path.name)}</h1>", _report(work), sheets, "</main>", _SCRIPT,
        )
    )  # fmt: skip


def inspected(
    path: Path, catalogue: Catalogue | None, allowed: Limits, *, corrections: Book | None = None, pages: str = "",
    cache: Path | None = None,
) -> str:  # fmt: skip
    """As ``inspect``, in a process of its own that is allowed so much. Raises LawsearchError."""
    drawer = partial(inspect, path, catalogue=catalogue, corrections=corrections, pages=pages, cache=cache)
    drawn: str = limits.attempt(Job(path, drawer), allowed, os.cpu_count() or 1)
    return drawn


def _wanted(text: str, count: int) -> list[int]:
    """The numbers of pages that are meant."""
    if not text.strip():
        return list(range(1, count + 1))
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6}))?\s*", part)
        if match is None:
            raise QueryError(f"{text!r} are no pages", "Write them as 3-7, or 1,4-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise QueryError(f"there are no pages {part.strip()}", f"The document has {count}")
        found += range(first, last + 1)
    return sorted(set(found))


def _picture(sheet: pdfium.PdfPage, page: Page) -> str:
    """A page as a data URI, turned as it is read."""
    scale = min(_WIDTH / max(page.width, 1.0), 3 * _WIDTH / max(page.height, 1.0))
    image = sheet.render(scale=scale, rotation=page.turn, rev_byteorder=True).to_numpy()[:, :, :3]
    step = 255 // (_SHADES - 1)
    grey = (image.mean(axis=2, keepdims=True) / step).round() * step
    sheet.close()
    data = png(grey.clip(0, 255).astype("uint8").repeat(3, axis=2))
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _anchor(provision: Provision) -> str:
    return _UNSAFE.sub("-", f"{provision.language}--{provision.eid}")


def _page(work: Work, number: int, on: Sequence[Place], address: str) -> str:
    page = work.reading.pages[number - 1]
    width, height = page.width, page.height
    drawn = "".join(_box(place) for place in on)
    turned = f", turned by {page.turn}° to be read" if page.turn else ""
    read = f", read by {escape(work.reading.extractors[number - 1])}{turned}"
    empty = "" if on else " — no line was found on it"
    return (
        f'<section id="page-{page.number}"><h2>Page {page.number}<small>{read}{empty}</small></h2>'
        f'<div class="page" style="aspect-ratio:{width:.1f}/{height:.1f}">'
        f'<img src="{address}" alt="Page {page.number}" decoding="async">'
        f'<svg viewBox="0 0 {width:.1f} {height:.1f}">{drawn}</svg></div></section>\n'
    )


def _box(place: Place) -> str:
    line, role = place.line, ROLES[place.role]
    said = [f"{role.letter}  {role.name}"]
    if place.unit:
        said.append(f"{place.unit.label or place.unit.kind} · {(place.part or place.unit).eid} ({place.language})")
        if place.unit.heading:
            said.append(f"heading: {place.unit.heading}")
    if line.confidence is not None:
        said.append(f"read by OCR, confidence {line.confidence:.0%}")
    said.append(line.text)
    kinds = f"r-{place.role}" + (" ocr" if line.confidence is not None else "")
    name = f' id="{_anchor(place.unit)}"' if place.first and place.unit else ""
    x, y, w, h = line.x0 - 1, line.y0 - 0.5, max(line.width, 2) + 2, max(line.y1 - line.y0, 2) + 1
    sure = ""
    if line.confidence is not None:
        sure = f'<text class="sure" x="{x + w + 1:.1f}" y="{y + h - 2:.1f}">{line.confidence:.0%}</text>'
    return (
        f'<g class="{kinds}"{name}><title>{escape(chr(10).join(said))}</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"/>'
        f'<text x="{x - 1.5:.1f}" y="{y + h - 2.5:.1f}">{escape(role.letter)}</text>{sure}</g>'
    )


def _legend(counts: Counter[str], work: Work) -> str:
    rows = "".join(
        f'<li class="r-{name}"><label><input type="checkbox" checked value="{name}"><b>{escape(role.letter)}</b> '
        f"{escape(role.name)} <small>{counts[name] or '–'}</small></label></li>"
        for name, role in ROLES.items()
    )
    ocr = '<li class="ocr"><b>┄</b> dashed: read by OCR, with its confidence</li>' if work.reading.scanned else ""
    return f"<h2>Lines</h2><ul class=legend>{rows}{ocr}</ul>"


def _jumps(texts: Sequence[Text], drawn: set[int]) -> str:
    found = []
    for text in texts:
        items = []
        starts: dict[tuple[object, ...], Provision] = {}
        for p, rows in text.placed:
            if not p.is_unit:
                continue
            flags = f" <small>{escape(', '.join(p.flags))}</small>" if p.flags else ""
            shown = f"<b>{escape(p.label or p.kind)}</b> {escape(p.heading)}{flags}"
            # Numbers that were repealed as a range stand at one place: all lead there.
            at = starts.setdefault(_spot(rows[0]), p) if rows else p
            where = f"#{_anchor(at)}" if p.page in drawn else ""
            items.append(f'<li><a href="{where}">{shown}</a></li>' if where else f"<li class=away>{shown}</li>")
        language = escape(text.expression.language)
        found.append(f"<h2>Provisions ({language})</h2><ol class=jumps lang={language}>{''.join(items)}</ol>")
    return "".join(found)


def _report(work: Work) -> str:
    found = []
    for text in work.texts:
        e, r = text.expression, text.expression.report
        i = e.instrument
        facts: dict[str, object] = {
            "instrument": f"{i.id} — {i.title or i.native_title}", "SHA-256 of the file": e.source_digest, **r,
            "missing": r["missing"] or "none", "doubled": r["doubled"] or "none", "flags": r["flags"] or "none",
        }  # fmt: skip
        rows = "".join(f"<tr><th>{escape(k.replace('_', ' '))}<td>{_shown(v)}" for k, v in facts.items())
        opened = "" if len(work.texts) > 1 else " open"
        head = (
            f"{escape(e.language)}: {r['found']} of {r['expected']} units, {r['unassigned']} characters unassigned, "
            f"numbering {escape(str(r['family']) or 'not found: stored page by page')}"
        )
        found.append(f"<details class=report{opened}><summary>{head}</summary><table>{rows}</table></details>")
    return "".join(found)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{escape(str(k))}: {escape(str(v))}" for k, v in value.items()) or "–"
    if isinstance(value, list):
        # Numbers stand side by side, sentences below each other.
        apart = "<br>" if any(len(str(v)) > 12 for v in value) else ", "
        return apart.join(escape(str(v)) for v in value) or "–"
    return escape("–" if value in (None, "") else str(value))


def _style() -> str:
    roles = "".join(
        f".r-{name}{{--c:{role.colour}}}main.no-{name} g.r-{name}{{display:none}}" for name, role in ROLES.items()
    )
    return _STYLE + roles


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: as parsed</title><style>{style}</style></head><body>
"""
_STYLE = """
*{box-sizing:border-box}body{margin:0;display:grid;grid-template-columns:21rem minmax(0,1fr);
font:14px/1.4 system-ui,sans-serif;color:#1a1a1a;background:#eee}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:0 1rem;background:#fff;border-right:1px solid #ccc}
main{padding:0 1.5rem 4rem;max-width:1100px}h1{font-size:1.3rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:1rem 0 .4rem}
small{color:#595959;font-weight:400}.legend,.jumps{list-style:none;margin:0;padding:0}.legend label{cursor:pointer}
.legend b{display:inline-block;width:1.6em;text-align:center;border:1.5px solid var(--c,#333);
color:var(--c,#333);border-radius:3px}.legend li{margin:.15rem 0}.legend .ocr b{border-style:dashed}
.jumps li{padding:.15rem 0;border-top:1px solid #eee;overflow-wrap:anywhere}.jumps a{color:#0b4a9e;text-decoration:none}
.jumps a:hover{text-decoration:underline}.away{color:#595959}
.report{background:#fff;border:1px solid #ccc;border-radius:4px;padding:.5rem .8rem;margin:.5rem 0}
summary{cursor:pointer;font-weight:600}table{border-collapse:collapse;margin-top:.5rem}
th,td{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0;border-top:1px solid #eee;overflow-wrap:anywhere}
th{white-space:nowrap;font-weight:400;color:#595959}
section{content-visibility:auto;contain-intrinsic-size:900px 1200px}
.page{position:relative;background:#fff;border:1px solid #bbb}
.page img,.page svg{position:absolute;inset:0;width:100%;height:100%}svg{overflow:visible}
g rect{fill:var(--c);fill-opacity:.07;stroke:var(--c);stroke-width:.7}g.ocr rect{stroke-dasharray:2 1.5}
g text{font:bold 7px system-ui,sans-serif;fill:var(--c);text-anchor:end;pointer-events:none}
g text.sure{text-anchor:start;font-weight:400;font-size:5px}
g:hover rect{fill-opacity:.22;stroke-width:1.3}g:target rect{fill:#ffd400;fill-opacity:.35;stroke-width:2}
g{scroll-margin-top:30vh}.r-unassigned rect{fill-opacity:.2;stroke-width:1.4}
@media(max-width:800px){body{display:block}nav{position:static;height:auto;max-height:50vh}}
"""
_SCRIPT = """<script>
for (const box of document.querySelectorAll('.legend input'))
  box.addEventListener('change', () =>
    document.querySelector('main').classList.toggle('no-' + box.value, !box.checked));
</script></body></html>
"""
