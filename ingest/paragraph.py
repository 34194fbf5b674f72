"""Rows as running text: broken words joined, paragraphs told apart."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median

from ingest.page import Row
from lawsearch.text import is_mark

#: What a new paragraph can open with: the label of a list, a quotation mark, a dash.
LABEL = re.compile(r"\s*(?:\(\w{1,5}\)(?!,)|(?:\d{1,3}[A-Z]?|[A-Za-zđ]|[ivxl]{1,5})[.)](?=\s|$)|[“\"‘]\S|[–—•-]\s)")
#: What ends a line after which a label can open a paragraph: a stop, or a word that joins the items of a list.
_STOPPED = re.compile(r"(?:[.;:,—–!?”\"’ฯ。။។៖\])]|\b(?:and|or|but|dan|atau|và|hoặc|e|ou)|และ|หรือ)\s*$")
#: A joining word alone, as before a reference broken over two lines; the items of a list have a mark before it.
_JOINED = re.compile(r"[^\s.;:,]\s*(?:\b(?:and|or|but|dan|atau|và|hoặc|e|ou)|และ|หรือ)\s*$")


@dataclass(slots=True)
class Paragraph:
    """A paragraph of running text, and the rows from which it was mended."""

    text: str
    rows: list[Row]


def mend(texts: Sequence[str], vocabulary: Counter[str] | None = None) -> str:
    """Rows as running text: words broken at the end of a row joined, scripts without spaces joined without.

    Where a row ends in a hyphen that may be part of the word, the document's own ``vocabulary`` decides; where the
    document has the word nowhere else, ``hyphens.toml`` and the compounds that the document makes with its first part.
    """
    out = ""
    for text in texts:
        if not out:
            out = text
            continue
        if out.endswith(("\u00ad", "-", "\u2010")):
            out = _unbroken(out, text, vocabulary)
        elif _spaceless(out[-1]) and out[-1] not in "។៕။" and text and _spaceless(text[0]):
            out += text
        else:
            out += " " + text
    return out.replace("\u00ad", "-" if out.endswith("\u00ad") else "")


def _unbroken(out: str, text: str, vocabulary: Counter[str] | None) -> str:
    stem, tail = out[:-1], text.split(" ", 1)[0]
    head = stem.rsplit(" ", 1)[-1]
    whole, parts = _word(head + tail), _word(f"{head}-{tail}")
    if not tail[:1].isalpha() or not head[-1:].isalpha():
        return (stem + "-" if not out.endswith("\u2010") else stem) + text
    counts = vocabulary or Counter()
    keep = counts[parts] > counts[whole] or (counts[whole] == counts[parts] and tail[:1].isupper())
    keep = keep or (not counts[whole] and (bool(_hyphened().fullmatch(parts)) or _compounds(_word(head), counts)))
    return f"{stem}-{text}" if keep else stem + text


@cache
def _hyphened() -> re.Pattern[str]:
    """Words that are written with a hyphen, in any language."""
    table = tomllib.loads(files("ingest").joinpath("hyphens.toml").read_text("utf-8"))
    return re.compile("|".join(f"(?:{pattern})" for patterns in table.values() for pattern in patterns))


def _compounds(head: str, counts: Counter[str]) -> bool:
    """Whether the document writes other words with ``head``, a word itself, and a hyphen."""
    return (
        len(head) > 3 and counts[head] > 0 and any(word.startswith(f"{head}-") and word[-1] != "-" for word in counts)
    )


def _word(text: str) -> str:
    return text.strip(".,;:()[]“”\"'‘’").casefold()


def _spaceless(char: str) -> bool:
    code = ord(char)
    return 0xE00 <= code < 0xF00 or 0x1000 <= code < 0x10A0 or 0x1780 <= code < 0x1800 or 0x3000 <= code < 0xA000


def paragraphs(
    rest: str, first: Row | None, rows: Iterable[Row], words: Counter[str], alone: re.Pattern[str] | None = None
) -> list[Paragraph]:
    """Rows as paragraphs: a new one at a label, after a wide gap, or at a first-line indent.

    ``rest`` is the text that stands on the row ``first`` behind a number. Marks of amendment, and rows that ``alone``
    matches, are paragraphs by themselves.
    """
    rows = list(rows)
    groups: list[tuple[list[str], list[Row]]] = [([rest], [first] if first else [])] if rest else []
    previous: Row | None = first if rest else None
    gaps = [row.gap for row in rows if 0 < row.gap < 3]
    wide = max(0.55, (median(gaps) if gaps else 0) + 0.3)
    close = sorted(gaps)[len(gaps) // 4] if gaps else 0.0
    indents = [row.indent for row in rows if LABEL.match(row.text)]
    usual = median(indents) if indents else 0.0
    for row in rows:
        apart = any(is_mark(r.text) or (alone and alone.match(r.text.strip())) for r in (row, previous) if r)
        if not groups or previous is None or apart or _begins(previous, row, wide, close, usual):
            groups.append(([row.text], [row]))
        else:
            groups[-1][0].append(row.text)
            groups[-1][1].append(row)
        previous = row
    return [Paragraph(mend(texts, words), used) for texts, used in groups]


def running_text(rest: str, rows: Iterable[Row], words: Counter[str]) -> str:
    """Rows as running text, a paragraph a line."""
    return "\n".join(p.text for p in paragraphs(rest, None, rows, words))


def _begins(previous: Row, row: Row, wide: float, close: float, usual: float) -> bool:
    """Whether ``row`` begins a paragraph.

    ``wide`` is the white space, in ems, that parts two paragraphs, ``close`` that between two lines of one; ``usual``
    is the indent of lines with a label.
    """
    below = previous.line.page == row.line.page and row.line.y0 >= previous.line.y0
    if below and row.gap > wide:
        return True
    # What closes a list stands left of it.
    outdented = row.indent < previous.indent - 1.2 and _STOPPED.search(previous.text)
    if below and outdented and row.gap > close + 0.3:
        return True
    labelled = bool(LABEL.match(previous.text))
    if previous.centred and not row.centred and len(previous.text) < 60 and not labelled:
        return True
    if LABEL.match(row.text):
        # Thai writes no stops: an indented label right after another such label, or where lines run on at the edge.
        stopless = any(map(_spaceless, row.text)) and usual > 0.7 and abs(row.indent - usual) < 0.3
        if stopless and (labelled or row.indent - previous.indent > 0.7):
            return True
        # A reference such as "subsection / (2)" may be broken over two lines.
        flows_on = previous.line.x1 > previous.right - 2 * previous.line.size
        stopped = bool(_STOPPED.search(previous.text))
        if row.indent < 0.5 < usual - 0.7:
            # Labels are indented here: this one stands where a line runs on.
            stopped = stopped and not _JOINED.search(previous.text)
        return not flows_on or stopped
    return row.indent > previous.indent + 1.2 and ended(previous)


def ended(row: Row) -> bool:
    """Whether a row ends a sentence, or stops short of the edge of its column."""
    return row.text.rstrip()[-1:] in '.;:—–!?”"ฯ。။។' or row.line.x1 < row.right - 4 * row.line.size
