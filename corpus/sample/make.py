"""Set the demonstration texts: every ``<name>.md`` here becomes ``<name>.pdf`` and ``<name>.toml``.

A text is a TOML table between two lines ``+++``, then the front of the document, then its provisions:

    > title: PERSONAL DATA PROTECTION ACT 2012     a line before the provisions; the word is its CSS class,
                                                   ``//`` breaks the line
    # PART 1 | PRELIMINARY                         a part, chapter or title; after ``|`` its own name
    ## Division 2 | Registration                   a division, section or bagian below it
    ### 26D | Duty to notify                       a provision: its number and, after ``|``, its heading
    (1) The organisation must                      a paragraph; its marker stays as written
      (a) tell the Commission; and                 two spaces for every level below
    ---                                            what follows belongs to no provision (signature, endnote)

The table holds the fields of ``lawsearch.instrument.Instrument``, ``language`` (of this text), and a table
``page``: ``layout`` (a key of LAYOUTS; its style sheet is ``layouts/<layout>.css``), optional ``contents`` (the
headline of a list of sections and the word above its numbers) and ``boxes``, the running heads and feet by
their place on the page (``top-left``, ``bottom-center`` ...), where ``{page}`` is the page number.
A new law is one more such file; a new kind of gazette one more style sheet and one more line in LAYOUTS.

Run: ``python corpus/sample/make.py [name ...]`` (needs the extra ``sample`` and the fonts named in README.md).
"""

from __future__ import annotations

import html
import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import category

import pypdfium2
from fontTools.ttLib import TTFont
from weasyprint import CSS, HTML

from lawsearch.instrument import FIELDS, instrument_from

HERE = Path(__file__).parent
PRODUCED = "2026-11-23T00:00:00Z"  # Fixed, so that the same text always makes the same bytes.

# Thai fonts keep shifted forms of marks at U+F700 and after; these are the letters they stand for.
_THAI_FORMS = dict(
    enumerate(
        "\u0e10\u0e34\u0e35\u0e36\u0e37\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
        "\u0e0d\u0e31\u0e4d\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e38\u0e39\u0e3a",
        start=0xF700,
    )
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a gazette sets a provision.

    ``heading``: ``above`` the text on a line of its own, in the ``margin``, ``run-in`` (number, heading and text on
    one line) or ``line`` (number and heading on a line of their own). ``label`` is the number as printed; ``dash``
    joins it to a first paragraph that is numbered itself, as in ``4.—(1)``; ``digits`` are the page numbers'.
    """

    heading: str
    label: str
    dash: str = " "
    digits: str = "decimal"
    catchwords: bool = False


LAYOUTS = {
    "act": Layout("above", "{}.", dash="—"),
    "act-marginal": Layout("margin", "{}."),
    "two-columns": Layout("run-in", "SEC. {}."),
    "thai-gazette": Layout("run-in", "มาตรา {}", digits="thai"),
    "cong-bao": Layout("line", "Điều {}."),
    "lembaran": Layout("line", "Pasal {}", catchwords=True),
    "framework": Layout("line", "{}."),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A provision as written in the source: number, heading, and its paragraphs with their level, 0 outermost."""

    number: str
    heading: str
    paragraphs: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All paragraphs, one a line."""
        return "\n".join(text for _, text in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Title:
    """A part (level 1) or a division of it (level 2)."""

    level: int
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """One demonstration text as read from its file."""

    values: dict[str, Any]
    page: dict[str, Any]
    front: list[tuple[str, str]]
    body: list[Title | Unit]
    tail: list[tuple[str, str]]

    @property
    def units(self) -> list[Unit]:
        """The provisions alone, in order."""
        return [item for item in self.body if isinstance(item, Unit)]


def read(path: Path) -> Source:
    """The source at ``path``. Raises ValueError, naming file and line, where a line cannot be understood."""
    _, table, text = path.read_text(encoding="utf-8").split("+++\n", 2)
    values = tomllib.loads(table)
    source = Source(values, values.pop("page"), [], [], [])
    set_apart = source.front
    for count, line in enumerate(text.splitlines(), start=table.count("\n") + 3):
        if not line.strip():
            continue
        if line.startswith("> "):
            role, _, words = line[2:].partition(": ")
            set_apart.append((role, words))
        elif line == "---":
            set_apart = source.tail
        elif match := re.fullmatch(r"(#{1,3}) ([^|]+?)(?: \| (.+))?", line):
            marks, number, name = match.groups(default="")
            source.body.append(Unit(number, name) if len(marks) == 3 else Title(len(marks), number, name))
        elif source.body and isinstance(source.body[-1], Unit):
            indent = len(line) - len(line.lstrip())
            source.body[-1].paragraphs.append((indent // 2, line.strip()))
        else:
            raise ValueError(f"{path}:{count}: a paragraph that stands in no provision")
    return source


def document(source: Source) -> str:
    """The source as one HTML document; everything that is looks is left to the style sheets."""
    layout = LAYOUTS[source.page["layout"]]
    contents = source.page.get("contents")
    parts = [
        _apart(source.front),
        _contents(source, *contents) if contents else "",
        *(_unit(item, layout) if isinstance(item, Unit) else _title(item) for item in source.body),
        _apart(source.tail),
    ]
    title = html.escape(source.values["title"])
    return (
        f'<html lang="{source.values["language"]}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="dcterms.created" content="{PRODUCED}"><meta name="dcterms.modified" content="{PRODUCED}">'
        f'<meta name="author" content="lawsearch"><meta name="keywords" content="demonstration, not the law">'
        f"</head><body>{''.join(parts)}</body></html>"
    )


def _apart(lines: list[tuple[str, str]]) -> str:
    return "".join(f'<p class="{role}">{html.escape(words).replace(" // ", "<br>")}</p>' for role, words in lines)


def _title(item: Title) -> str:
    name = f'<span class="name">{html.escape(item.name)}</span>' if item.name else ""
    return f"<h{item.level}>{html.escape(item.number)}{name}</h{item.level}>"


def _contents(source: Source, headline: str, word: str) -> str:
    rows = [f'<section class="contents"><p class="headline">{headline}</p><p class="word">{word}</p>']
    for item in source.body:
        if isinstance(item, Title):
            rows.append(f'<p class="part{item.level}">{html.escape(item.number)}<br>{html.escape(item.name)}</p>')
        else:
            rows.append(f'<p class="row"><span>{item.number}.</span> {html.escape(item.heading)}</p>')
    return "".join(rows) + "</section>"


def _unit(unit: Unit, layout: Layout) -> str:
    label = f"<b>{html.escape(layout.label.format(unit.number))}</b>"
    heading = html.escape(unit.heading)
    paragraphs = [(level, html.escape(text)) for level, text in unit.paragraphs]
    lead = ""
    if layout.heading == "line":
        lead = f"<h3>{label}{' ' if heading else ''}{heading}</h3>"
    else:
        level, first = paragraphs[0]
        joint = layout.dash if re.match(r"\(\w+\)", first) else " "
        if layout.heading == "run-in" and heading:
            joint = f" <i>{heading}.</i> – "
        elif layout.heading == "margin":
            lead = f"<aside>{heading}</aside>"
        elif layout.heading == "above":
            lead = f"<h3>{heading}</h3>"
        paragraphs[0] = (level, f"{label}{joint}{first}")
    rows = []
    for position, (level, text) in enumerate(paragraphs):
        match = None if position == 0 and layout.heading != "line" else re.match(r"(\(?[\wđ]{1,5}[.)])\s+", text)
        words = f"<span>{match[1]} </span>{text[match.end() :]}" if match else text
        rows.append(f'<p class="l{level}{" item" if match else ""}">{words}</p>')
    return f'<section class="unit">{lead}{"".join(rows)}</section>'


def running(source: Source, catchwords: dict[int, str] | None = None) -> CSS:
    """The running heads and feet as a style sheet, with a catchword for every page that has one."""
    digits = LAYOUTS[source.page["layout"]].digits
    rules = [f"@{place} {{ content: {_content(text, digits)} }}" for place, text in source.page["boxes"].items()]
    pages = [f"@page :nth({n}) {{ @bottom-right {{ content: {json.dumps(word, ensure_ascii=False)} }} }}"
             for n, word in (catchwords or {}).items()]  # fmt: skip
    return CSS(string=f"@page {{ {' '.join(rules)} }} {' '.join(pages)}")


def _content(text: str, digits: str) -> str:
    pieces = [json.dumps(piece, ensure_ascii=False).replace(r"\n", r"\A ") for piece in text.split("{page}")]
    return f" counter(page, {digits}) ".join(pieces)


def typeset(source: Source) -> bytes:
    """The PDF of a source; where the layout has catchwords, it is set twice, first to learn where pages end."""
    layout = source.page["layout"]
    styles = [CSS(HERE / "layouts" / "base.css"), CSS(HERE / "layouts" / f"{layout}.css")]
    page = HTML(string=document(source), base_url=str(HERE))
    pdf = _printed(page, [*styles, running(source)])
    if LAYOUTS[layout].catchwords:
        pdf = _printed(page, [*styles, running(source, _catchwords(pdf))])
    return pdf


def _printed(page: HTML, styles: list[CSS]) -> bytes:
    """The PDF with a true text layer.

    WeasyPrint names a glyph after the letters where it first met it, and errs where a font reorders marks or
    splits a letter in two (Thai). After a first run, marks and letters of such scripts are renamed as the font
    itself names them.
    """
    document = page.render(stylesheets=styles)
    document.write_pdf()
    for font in document.fonts.values():
        face = TTFont(BytesIO(font.file_content))
        for code, name in (face.getBestCmap() or {}).items():
            letter = _THAI_FORMS.get(code, chr(code))
            if (glyph := face.getGlyphID(name)) in font.to_unicode and category(letter) in ("Mn", "Lo"):
                font.to_unicode[glyph] = letter
    return document.write_pdf()


def _catchwords(pdf: bytes) -> dict[int, str]:
    """By page number, the first words of the page after it: ``Pasal 13 . . .``, ``(2) Dalam . . .``."""
    found = {}
    document = pypdfium2.PdfDocument(pdf)
    for number in range(1, len(document)):
        sheet = document[number]
        text = sheet.get_textpage().get_text_bounded(top=sheet.get_height() - 120, bottom=100).split()
        whole = re.fullmatch(r"(?:\(?\w{1,3}[.)]|Pasal|BAB|Bagian)", text[0])
        found[number] = f"{' '.join(text[:2] if whole else text[:1])} . . ."
    return found


def sidecar(source: Source) -> str:
    """The instrument as TOML: the fields of Instrument that are known, and the language of this text."""
    instrument_from({k: v for k, v in source.values.items() if k != "language"}, source.values["id"])
    rows = [f"{name} = {_value(source.values[name])}" for name in (*FIELDS, "language") if source.values.get(name)]
    return "# Made by make.py from the .md beside it: change that file, not this one.\n" + "\n".join(rows) + "\n"


def _value(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value, ensure_ascii=False)


def main(names: list[str]) -> None:
    """Make the named samples, or all of them."""
    for path in sorted(HERE.glob("*.md")):
        if path.stem == "README" or (names and path.stem not in names):
            continue
        source = read(path)
        pdf = typeset(source)
        path.with_suffix(".pdf").write_bytes(pdf)
        path.with_suffix(".toml").write_text(sidecar(source), encoding="utf-8")
        pages = len(pypdfium2.PdfDocument(pdf))
        print(f"{path.stem}: {len(source.units)} provisions, {pages} pages, {len(pdf) // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
