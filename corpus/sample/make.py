"""Set the demonstration texts: every ``<name>.md`` here and in ``../later`` becomes ``<name>.pdf`` and ``<name>.toml``.

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
headline of a list of sections and the word above its numbers), ``label`` (the number as printed, where it is not the
layout's) and ``scan`` (true: pictures of pages without a text layer), and ``boxes``, the running heads and feet by
their place on the page (``top-left``, ``bottom-center`` ...), where ``{page}`` is the page number.
A new law is one more such file; a new kind of gazette one more style sheet and one more line in LAYOUTS.

Two texts of one instrument side by side are two files, ``<name>.ms.md`` and ``<name>.en.md``, with the same
provisions; they make one PDF, the language that stands first in ``languages`` to the left. A further language in a
PDF of its own is one more source with the same ``id``; a later version, one with the same ``id`` and a newer
``version``, stands in ``../later``.

Run: ``python corpus/sample/make.py [name ...]`` (needs the extra ``sample`` and the fonts named in README.md).
"""

from __future__ import annotations

import html
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any
from unicodedata import category

import pypdfium2
from clusters import SCRIPTS, Clusters
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from scan import scanned
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
    one line), ``line`` (number and heading on a line of their own) or ``below`` (each on a line of its own).
    ``label`` is the number as printed, ``labels`` the same by language where one differs; ``joint`` stands around a
    heading that is run in; ``dash`` joins the number to a first paragraph that is numbered itself, as in ``4.—(1)``;
    ``digits`` are the page numbers'.
    """

    heading: str
    label: str
    labels: dict[str, str] = field(default_factory=dict)
    joint: str = " <i>{}.</i> – "
    dash: str = " "
    digits: str = "decimal"
    catchwords: bool = False


LAYOUTS = {
    "act": Layout("above", "{}.", dash="—"),
    "act-marginal": Layout("margin", "{}."),
    "bilingual": Layout("above", "{}."),
    "two-columns": Layout("run-in", "SEC. {}.", {"tl": "SEK. {}."}),
    "circular": Layout("run-in", "SECTION {}.", {"tl": "SEKSYON {}."}, joint=" <b>{}.</b> – "),
    "thai-gazette": Layout("run-in", "มาตรา {}", digits="thai"),
    "lao-gazette": Layout("line", "ມາດຕາ {}"),
    "khmer-gazette": Layout("line", "មាត្រា {}.-", digits="khmer"),
    "burmese-gazette": Layout("run-in", "{}။", joint=" <b>{}</b>။ ", digits="myanmar"),
    "cong-bao": Layout("line", "Điều {}."),
    "lembaran": Layout("line", "Pasal {}", catchwords=True),
    "jornal": Layout("below", "Artigo {}.º", {"tet": "Artigu {}.º"}),
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
    def layout(self) -> Layout:
        """How its gazette sets it."""
        return LAYOUTS[self.page["layout"]]

    @property
    def label(self) -> str:
        """The number of a provision as printed."""
        return self.page.get("label") or self.layout.labels.get(self.values["language"], self.layout.label)

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


Text = tuple[Source, ...]
"""The sources of one PDF: one, or two in two languages side by side."""


def document(text: Text, clusters: Clusters | None = None) -> str:
    """The text as one HTML document; everything that is looks is left to the style sheets."""
    source = text[0]
    body = "".join(_beside(*text) if len(text) > 1 else _alone(source))
    title, faces = html.escape(source.values["title"]), ""
    if clusters:
        body, faces = clusters.encoded(body), f"<style>{clusters.faces()}</style>"
    return (
        f'<html lang="{source.values["language"]}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="dcterms.created" content="{PRODUCED}"><meta name="dcterms.modified" content="{PRODUCED}">'
        f'<meta name="author" content="lawsearch"><meta name="keywords" content="demonstration, not the law">'
        f"{faces}</head><body>{body}</body></html>"
    )


def _pieces(source: Source) -> Iterator[tuple[str, list[str]]]:
    """The front, the list of sections, every title and provision, and the end: CSS class and paragraphs of each."""
    yield "", _apart(source.front)
    if contents := source.page.get("contents"):
        yield "", [_contents(source, *contents)]
    for item in source.body:
        if isinstance(item, Unit):
            yield "unit", _unit(item, source.layout, source.label)
        else:
            yield "", [_title(item)]
    yield "", _apart(source.tail)


def _alone(source: Source) -> Iterator[str]:
    for name, paragraphs in _pieces(source):
        words = "".join(paragraphs)
        yield f'<section class="{name}">{words}</section>' if name else words


def _beside(left: Source, right: Source) -> Iterator[str]:
    """Both texts, every paragraph at the height of its counterpart."""
    numbers = [[item.number for item in source.units] for source in (left, right)]
    if numbers[0] != numbers[1] or len(left.body) != len(right.body):
        raise ValueError(f"{left.values['id']}: the two languages do not have the same titles and provisions")
    languages = [source.values["language"] for source in (left, right)]
    for (name, ours), (_, theirs) in zip(_pieces(left), _pieces(right), strict=True):
        for cells in zip_longest(ours, theirs, fillvalue=""):
            row = zip(languages, cells, strict=True)
            columns = "".join(f'<td lang="{code}" class="{name}">{cell}</td>' for code, cell in row)
            yield f"<table><tr>{columns}</tr></table>"


def _apart(lines: list[tuple[str, str]]) -> list[str]:
    return [f'<p class="{role}">{html.escape(words).replace(" // ", "<br>")}</p>' for role, words in lines]


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


def _unit(unit: Unit, layout: Layout, label: str) -> list[str]:
    """The paragraphs of a provision, the first with its heading; none where the provision is a mere line."""
    number = f"<b>{html.escape(label.format(unit.number))}</b>"
    heading = html.escape(unit.heading)
    paragraphs = [(level, html.escape(text)) for level, text in unit.paragraphs]
    lead = ""
    if layout.heading == "line":
        lead = f"<h3>{number}{' ' if heading else ''}{heading}</h3>"
    elif layout.heading == "below":
        lead = f'<h3>{number}<span class="name">{heading}</span></h3>'
    else:
        level, first = paragraphs[0]
        joint = layout.dash if re.match(r"\(\w+\)", first) else " "
        if layout.heading == "run-in" and heading:
            joint = layout.joint.format(heading)
        elif layout.heading == "margin":
            lead = f"<aside>{heading}</aside>"
        elif layout.heading == "above":
            lead = f"<h3>{heading}</h3>"
        paragraphs[0] = (level, f"{number}{joint}{first}")
    rows = []
    for position, (level, text) in enumerate(paragraphs):
        apart = position > 0 or layout.heading in ("line", "below")
        match = re.match(r"(\(?[\wđ]{1,5}[.)])\s+", text) if apart else None
        words = f"<span>{match[1]} </span>{text[match.end() :]}" if match else text
        rows.append(f'<p class="l{level}{" item" if match else ""}">{words}</p>')
    return [lead + rows[0], *rows[1:]] if rows else [lead]


def running(text: Text, clusters: Clusters | None = None, catchwords: dict[int, str] | None = None) -> CSS:
    """The running heads and feet as a style sheet, with a catchword for every page that has one."""
    rules = []
    for place in text[0].page["boxes"]:
        words = "\n".join(dict.fromkeys(source.page["boxes"][place] for source in text))
        words = clusters.encoded(words) if clusters else words
        rules.append(f"@{place} {{ content: {_content(words, text[0].layout.digits)} }}")
    pages = [f"@page :nth({n}) {{ @bottom-right {{ content: {json.dumps(word, ensure_ascii=False)} }} }}"
             for n, word in (catchwords or {}).items()]  # fmt: skip
    return CSS(string=f"@page {{ {' '.join(rules)} }} {' '.join(pages)}")


def _content(text: str, digits: str) -> str:
    pieces = [json.dumps(piece, ensure_ascii=False).replace(r"\n", r"\A ") for piece in text.split("{page}")]
    return f" counter(page, {digits}) ".join(pieces)


def typeset(text: Text) -> bytes:
    """The PDF of a text; where the layout has catchwords, it is set twice, first to learn where pages end."""
    source = text[0]
    language = source.values["language"]
    words = document(text) + " ".join(source.page["boxes"].values())
    clusters = Clusters(language, words) if language in SCRIPTS else None
    styles = [CSS(HERE / "layouts" / "base.css"), CSS(HERE / "layouts" / f"{source.page['layout']}.css")]
    page = HTML(string=document(text, clusters), base_url=str(HERE))
    pdf = _printed(page, [*styles, running(text, clusters)], clusters)
    if source.layout.catchwords:
        pdf = _printed(page, [*styles, running(text, clusters, _catchwords(pdf))], clusters)
    return scanned(pdf, source.values["title"], PRODUCED) if source.page.get("scan") else pdf


def _printed(page: HTML, styles: list[CSS], clusters: Clusters | None) -> bytes:
    """The PDF with a true text layer.

    WeasyPrint names a glyph after the letters where it first met it, and errs where a font reorders marks or
    splits a letter in two. After a first run, glyphs that draw clusters are given the letters they stand for, and
    Thai marks and letters are renamed as the font itself names them.
    """
    document = page.render(stylesheets=styles)
    document.write_pdf()
    for font in document.fonts.values():
        if clusters:
            font.to_unicode = {glyph: text.translate(clusters.letters) for glyph, text in font.to_unicode.items()}
            continue
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


def sidecar(text: Text) -> str:
    """The instrument as TOML: the fields of Instrument that are known, and the language if the text has only one."""
    values: dict[str, Any] = {}
    for source in reversed(text):
        values |= source.values
    language = values.pop("language")
    instrument_from(values, values["id"])
    if len(text) == 1:
        values["language"] = language
    rows = [f"{name} = {_value(values[name])}" for name in (*FIELDS, "language") if values.get(name)]
    return "# Made by make.py from the .md beside it: change that file, not this one.\n" + "\n".join(rows) + "\n"


def _value(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value, ensure_ascii=False)


def texts() -> dict[Path, Text]:
    """All sources, by the path of what is made from them without its ending."""
    found: dict[Path, list[Source]] = {}
    for path in sorted(chain(HERE.glob("*.md"), (HERE.parent / "later").glob("*.md"))):
        if path.stem != "README":
            found.setdefault(path.with_name(path.name.split(".")[0]), []).append(read(path))
    return {target: _ordered(sources) for target, sources in found.items()}


def _ordered(sources: Sequence[Source]) -> Text:
    if len(sources) == 1:
        return tuple(sources)
    languages = [code for source in sources for code in source.values.get("languages", [])]
    return tuple(sorted(sources, key=lambda source: languages.index(source.values["language"])))


def main(names: list[str]) -> None:
    """Make the named samples, or all of them."""
    for target, text in texts().items():
        if names and target.name not in names:
            continue
        pdf = typeset(text)
        target.with_suffix(".pdf").write_bytes(pdf)
        target.with_suffix(".toml").write_text(sidecar(text), encoding="utf-8")
        pages = len(pypdfium2.PdfDocument(pdf))
        print(f"{target.name}: {len(text[0].units)} provisions, {pages} pages, {len(pdf) // 1024} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
