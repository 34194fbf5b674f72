"""How answers are put into words and marks on a page: the filters of the templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from lawsearch import __version__
from lawsearch.edge import KINDS
from lawsearch.findings import HitOut
from lawsearch.schemas import ProvisionRef
from lawsearch.synopsis import SpanOut
from lawsearch.vocabulary import jurisdictions, languages

#: Characters of a passage shown in a list of hits.
EXCERPT = 520
#: In plain words: the views of a match, and the doubts about a text.
SIGNALS = {
    "meaning": "similar meaning", "parts": "parts of it match one by one", "title": "similar heading",
    "english": "similar English wording", "words": "shared words", "bridge": "linked through third laws",
    "neighbours": "what stands beside it corresponds too", "concepts": "same legal concepts",
}  # fmt: skip
FLAGS = {
    "page-wise": "No sections were found in this document; this is a whole page of it.",
    "ocr": "Read by optical character recognition: check the wording against the source.",
    "number-gap": "A number before this one was not found in the source.",
}


def lang(code: str) -> str:
    """The value of a ``lang`` attribute; ``und`` for a language nobody could tell."""
    return {"unknown": "und", "": "und", "tl": "fil"}.get(code, code)


def language(code: str) -> str:
    """The English name of a language."""
    return languages()[code].name if code in languages() else code


def jurisdiction(code: str) -> str:
    """The English name of a jurisdiction."""
    return jurisdictions()[code].name if code in jurisdictions() else code


def flag(name: str) -> str:
    """What a flag of the parser means for a reader."""
    return FLAGS.get(name, name.replace("-", " "))


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def marked(text: str, terms: Sequence[str]) -> Markup:
    """``text`` escaped, with ``terms`` marked: whole words in scripts that write spaces."""
    wanted = "|".join(
        re.escape(t) if _unspaced(t) else rf"\b{re.escape(t)}\b" for t in sorted(terms, key=len)[::-1] if t
    )
    if not wanted:
        return escape(text)
    pieces = re.split(f"({wanted})", text, flags=re.IGNORECASE)
    return Markup("").join(Markup("<mark>{}</mark>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


def sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) else ".")


def opening(text: str) -> str:
    """The first sentence of ``text``."""
    return re.split(r"(?<=[a-z0-9)][.!?])\s(?=[A-Z])", text, maxsplit=1)[0]


def changed(span: SpanOut) -> Markup:
    """A span of a comparison; the space after changed words stays unmarked."""
    tag = {"added": "ins", "removed": "del"}.get(span.op)
    words = span.text.rstrip()
    if not tag or not words:
        return escape(span.text)
    return Markup(f"<{tag}>{{}}</{tag}>{{}}").format(words, span.text[len(words) :])


def _unspaced(text: str) -> bool:
    """Whether a script without spaces between words (Thai, Lao, Burmese, Khmer, Chinese) is in ``text``."""
    return re.search("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3400-\u9fff]", text) is not None


def excerpt(text: str, terms: Sequence[str], most: int = EXCERPT) -> str:
    """``text``, or the stretch of it around the first shared term, cut at spaces, with an ellipsis where cut."""
    if len(text) <= most:
        return text
    folded = text.casefold()
    first = min((at for t in terms if (at := folded.find(t.casefold())) >= 0), default=0)
    start = max(0, min(first - most // 4, len(text) - most))
    piece = text[start : start + most]
    if start:
        piece = "… " + (piece.split(None, 1)[-1] if " " in piece[:60] else piece)
    if start + most < len(text):
        piece = (piece.rsplit(None, 1)[0] if " " in piece[-60:] else piece) + " …"
    return piece


def why(hit: HitOut) -> str:
    """Why a hit matched, in plain words: up to three reasons that spoke for it, strongest first."""
    strongest = [s.name for s in hit.signals if s.share > 0][:3]
    reasons = dict.fromkeys(SIGNALS.get(name, name.replace("_", " ")) for name in strongest)
    if hit.terms:
        reasons.pop("shared words", None)
    if hit.concepts:
        reasons.pop("same legal concepts", None)
    return " · ".join(reasons)


def plain(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A mapping of anything (a parse report, a manifest) as pairs of short texts."""
    return [
        (key.replace("_", " ").capitalize(), _short(value)) for key, value in table.items() if value not in ("", None)
    ]


def quality(report: Mapping[str, Any]) -> list[str]:
    """How well a text was read, in sentences; of what the report does not know, nothing is said."""
    said = []
    expected, found = report.get("expected"), report.get("found")
    if expected:
        said.append(f"Of {expected:,} sections or articles that the numbering lets expect, {found:,} were found.")
    elif found is not None:
        said.append("Nothing numbered was found: the text is shown page by page.")
    if missing := report.get("missing"):
        said.append(f"Not found: {_short(missing)}.")
    if doubled := report.get("doubled"):
        said.append(f"Found more than once: {_short(doubled)}.")
    total = sum(report.get("characters", {}).values())
    if total and (left := report.get("unassigned", 0)):
        said.append(f"{left:,} characters ({left / total:.1%}) belong to no provision.")
    elif total:
        said.append("Every character of the text has its place.")
    pages = report.get("pages", 0)
    if scanned := report.get("ocr_pages"):
        sure = report.get("ocr_confidence")
        how_sure = f", with a confidence of {sure:.0%}" if sure is not None else ""
        what = "The page was" if pages == 1 else f"{len(scanned)} of {pages} pages were"
        said.append(f"{what} read by optical character recognition{how_sure}: check the wording against the source.")
    elif "ocr_pages" in report:
        said.append("No page had to be read by optical character recognition.")
    if pictured := [p for p in report.get("image_only_pages", ()) if p not in report.get("ocr_pages", ())]:
        said.append(f"Only a picture, and not read: page {_short(pictured)}.")
    return said


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k.replace('_', ' ')}: {_short(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        named = ", ".join(map(_short, value[:8]))
        return f"{named} … ({len(value)} in all)" if len(value) > 8 else named or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Shelf:
    """Provisions in a row under the same titles, and those of the titles that are new here, with their depths."""

    titles: tuple[tuple[int, str], ...]
    provisions: tuple[ProvisionRef, ...]


def shelves(contents: Sequence[ProvisionRef]) -> list[Shelf]:
    """The contents of an instrument grouped by the titles they stand under, in order."""
    found: list[Shelf] = []
    last: list[str] = []
    for path, group in groupby(contents, key=lambda p: p.path):
        common = 0
        while common < min(len(last), len(path)) and last[common] == path[common]:
            common += 1
        found.append(Shelf(tuple((i + 1, t) for i, t in enumerate(path) if i >= common), tuple(group)))
        last = path
    return found


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("lawsearch"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {
        f.__name__: f for f in (lang, marked, excerpt, why, plain, shelves, sentence, opening, changed, count, quality)
    }
    found.filters |= {"language": language, "jurisdiction": jurisdiction, "flag": flag}
    found.globals |= {"version": __version__, "problems": KINDS}
    return found


def prepare() -> None:
    """Compile all templates, so that the first page of each kind does not wait for it."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def draw(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A template of ``templates/`` as a response."""
    html = _environment().get_template(template).render(context)
    # Clauses of unpublished drafts are in addresses and pages: no shared cache may keep them.
    return HTMLResponse(html, status, headers={"Cache-Control": "private, no-cache"})
