"""Text in Word: runs whose fonts and language are those of their script, on landscape paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from lawsearch.spreadsheet import clean

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: A font that Word has for each script it calls complex, and its name for the language.
FONTS = {
    "th": ("Leelawadee UI", "th-TH"), "lo": ("Leelawadee UI", "lo-LA"), "km": ("Leelawadee UI", "km-KH"),
    "my": ("Myanmar Text", "my-MM"), "ta": ("Nirmala UI", "ta-SG"),
}  # fmt: skip
#: Stretches of one of these scripts, with the spaces, digits and signs within them.
_SCRIPTS = re.compile(
    "|".join(
        f"(?P<{code}>[{block}](?:[{block}\u200b-\u200d\\s\\d.,:;()/–-]*[{block}])?)"
        for code, block in {
            "th": "\u0e00-\u0e7f", "lo": "\u0e80-\u0eff", "km": "\u1780-\u17ff\u19e0-\u19ff", "my": "\u1000-\u109f",
            "ta": "\u0b80-\u0bff", "zh": "\u3000-\u303f\u3400-\u9fff\uff00-\uffef",
        }.items()
    )
)  # fmt: skip
_EAST_ASIA = ("Microsoft YaHei", "zh-SG")
_LANGUAGES = {
    "en": "en-GB", "id": "id-ID", "ms": "ms-MY", "tl": "fil-PH", "vi": "vi-VN", "pt": "pt-PT", "zh": "zh-SG",
    "tet": "tet-TL",
}  # fmt: skip


def landscape(title: str, note: str, foot: str) -> Any:
    """An empty Word document on landscape A4 with margins of 1 cm, ``foot`` at the foot of every page."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm, Pt

    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(1)
    section.top_margin = section.bottom_margin = Cm(1.5)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(9)
    style.paragraph_format.space_after = Pt(3)
    document.core_properties.title = clean(title)[:255]
    document.core_properties.author = "lawsearch"
    document.core_properties.comments = note[:255]
    write(section.footer.paragraphs[0], foot, size=7)
    return document


def grid(document: Any, heads: Sequence[str], size: float = 9) -> Any:
    """A table of one row, its heads, which stands again on every page."""
    from docx.oxml import OxmlElement

    made = document.add_table(rows=1, cols=len(heads))
    made.style = "Table Grid"
    made.autofit = False
    for cell, name in zip(made.rows[0].cells, heads, strict=True):
        write(cell.paragraphs[0], name, bold=True, size=size)
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    return made


def widen(made: Any, widths: Sequence[float]) -> None:
    """Give the columns of a table their widths in centimetres."""
    from docx.shared import Cm

    for line in made.rows:
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = Cm(width)


def saved(document: Any) -> bytes:
    """A document as a file."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def heading(document: Any, text: str, level: int) -> None:
    """A heading, each script in its font."""
    write(document.add_heading("", level), text, size=0)


def write(paragraph: Any, text: str, language: str = "en", *, bold: bool = False, size: float = 9) -> None:
    """``text`` as runs whose fonts and language are set for their script, so that no glyph is missing and lines break
    rightly; ``language`` is that of what is in none of these scripts."""
    for spoken, piece in by_script(clean(text), language):
        _run(paragraph.add_run(piece), spoken, bold=bold, size=size)


def by_script(text: str, language: str) -> list[tuple[str, str]]:
    """``text`` in pieces of one script each, with the language that the script is set in."""
    found: list[tuple[str, str]] = []
    at = 0
    for match in _SCRIPTS.finditer(text):
        if match.start() > at:
            found.append((language, text[at : match.start()]))
        found.append((str(match.lastgroup), match.group()))
        at = match.end()
    return found + ([(language, text[at:])] if at < len(text) or not found else [])


def _run(run: Any, language: str, *, bold: bool, size: float) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    run.font.bold = run.font.cs_bold = bold or None
    properties = run._r.get_or_add_rPr()
    tag = OxmlElement("w:lang")
    if size:
        run.font.size = Pt(size)
        # Complex scripts have a size of their own.
        complex_size = OxmlElement("w:szCs")
        complex_size.set(qn("w:val"), str(round(2 * size)))
        properties.append(complex_size)
    if language in FONTS:
        font, name = FONTS[language]
        for which in ("w:ascii", "w:hAnsi", "w:cs"):
            properties.get_or_add_rFonts().set(qn(which), font)
        run.font.complex_script = True
        tag.set(qn("w:bidi"), name)
    elif language == "zh":
        properties.get_or_add_rFonts().set(qn("w:eastAsia"), _EAST_ASIA[0])
        tag.set(qn("w:eastAsia"), _EAST_ASIA[1])
    else:
        tag.set(qn("w:val"), _LANGUAGES.get(language, "en-GB"))
    properties.append(tag)
