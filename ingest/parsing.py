"""One PDF in, its expressions out: the whole chain from the file to provisions, and its form as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest import correction
from ingest.correction import Book, Corrections
from ingest.description import Description, describe, spoken
from ingest.extraction import read
from ingest.layout import Layout, lay_out
from ingest.numbering import Family, any_heading
from ingest.page import Line, Reading, Row
from ingest.segment import Segment, Segmentation
from ingest.segmentation import segment
from ingest.subdivision import Division, name
from ingest.voting import Vote, quotation, vote
from lawsearch.catalogue import Catalogue
from lawsearch.instrument import UNKNOWN, Instrument
from lawsearch.language import detect
from lawsearch.provision import Box, Expression, Provision
from lawsearch.vocabulary import jurisdictions

#: Characters outside of quotations that are enough to tell the language of a law by.
_TELLING = 200


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a file: how it was cut, its expression, and each provision with the rows on which it stands."""

    cut: Segmentation
    expression: Expression
    placed: tuple[tuple[Provision, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A file with what each stage made of it: every line of ``reading`` is in one row, note or piece of furniture."""

    reading: Reading
    layout: Layout
    texts: tuple[Text, ...]


def parse(
    path: str | Path,
    *,
    catalogue: Catalogue | None = None,
    instrument: Instrument | None = None,
    language: str | None = None,
    cache: Path | None = None,
    corrections: Book | None = None,
) -> tuple[Expression, ...]:
    """The expressions in the PDF at ``path``: one, or one a language where pages set two languages side by side.

    ``instrument``, where given, is taken as it is; otherwise a sidecar, the ``catalogue`` or the document says what
    it is. ``language`` settles the language of a text in one language; ``corrections`` are what persons have put
    right. Nothing is written but what OCR has read, into ``cache`` or the user's cache directory, and the same file
    gives the same result whatever was parsed before. Raises DocumentError for a file that cannot be read as text and
    MetadataError for a sidecar or a correction that is wrong.
    """
    found = worked(
        path, catalogue=catalogue, instrument=instrument, language=language, cache=cache, corrections=corrections
    )
    return tuple(text.expression for text in found.texts)


def worked(
    path: str | Path,
    *,
    catalogue: Catalogue | None = None,
    instrument: Instrument | None = None,
    language: str | None = None,
    cache: Path | None = None,
    corrections: Book | None = None,
) -> Work:
    """As ``parse``, with what the stages before have made: where every line has gone."""
    path = Path(path)
    reading = read(path, language=language or spoken(path, instrument), cache=cache)
    described = Description(instrument, "given") if instrument else describe(path, reading, catalogue)
    layout = lay_out(reading.pages, any_heading())
    words = vocabulary(reading)
    book = corrections or Book()
    texts = []
    for index, flow in enumerate(layout.flows):
        if not flow:
            continue
        notes = layout.notes if index == 0 else ()
        code = language or described.language if len(layout.flows) == 1 else ""
        code = code or detect(_own_words(flow), described.instrument.jurisdiction)
        known = book.of(reading.digest, described.instrument.id, code)
        ballot = vote(
            flow, notes, language=code, jurisdiction=described.instrument.jurisdiction,
            forced=(known.family if known else "") or described.family,
        )  # fmt: skip
        right = correction.corrected(flow, ballot, known)
        cut = right.finished(segment(right.rows, notes, right.vote, words))
        old = book.stale(reading.digest, described.instrument.id, code)
        texts.append(_text(path, reading, described, layout, code, right.vote, cut, known, old))
    return Work(reading, layout, tuple(texts))


def vocabulary(reading: Reading) -> Counter[str]:
    """How often each word of the document occurs: what decides whether a hyphen at a line's end is part of a word."""
    words = (word for page in reading.pages for line in page.lines for word in line.text.split())
    return Counter(word.strip(".,;:()[]“”\"'‘’").casefold() for word in words)


def _text(
    path: Path, reading: Reading, described: Description, layout: Layout, language: str, ballot: Vote,
    cut: Segmentation, known: Corrections | None, stale: Sequence[Corrections],
) -> Text:  # fmt: skip
    instrument = described.instrument
    if language != UNKNOWN and language not in instrument.languages:
        instrument = replace(instrument, languages=(*instrument.languages, language))
    placed = tuple(_placed(cut, instrument, language))
    if reading.turned:  # places are shown on the pages as they are
        placed = tuple(
            (replace(p, boxes=tuple(reading.pages[b.page - 1].shown(b) for b in p.boxes)), rows) for p, rows in placed
        )
    provisions = tuple(provision for provision, _ in placed)
    told = report(reading, described, layout, ballot, cut, provisions)
    told["corrections"] = [entry.shown for entry in known.entries] if known else []
    told["stale_corrections"] = [item.path for item in stale]
    if stale:
        told["flags"] = sorted({*_flags(reading, cut), "stale-corrections"})
    expression = Expression(
        instrument=instrument,
        language=language,
        source=str(path),
        source_digest=reading.digest,
        provisions=provisions,
        report=told,
    )
    return Text(cut, expression, placed)


class _Names:
    """eIds given out so far; a second one of a name gets a number behind it."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def take(self, eid: str) -> tuple[str, tuple[str, ...]]:
        self._given[eid] += 1
        if self._given[eid] == 1:
            return eid, ()
        fresh, flags = self.take(f"{eid}-{self._given[eid]}")
        return fresh, ("doubled-eid", *(f for f in flags if f != "doubled-eid"))


def _own_words(rows: Sequence[Row]) -> str:
    """The text outside of long quotations, which may be in another language: a Malay bill amends an act in English.
    All of it where that is little."""
    quoted = quotation(rows)
    own = "\n".join(row.text for i, row in enumerate(rows) if i not in quoted)
    return own if len(own) >= _TELLING else "\n".join(row.text for row in rows)


def provisions_of(cut: Segmentation, instrument: Instrument, language: str) -> Iterable[Provision]:
    """The provisions of a segmentation in the order of the text, every unit followed by its parts; eIds are unique."""
    return (provision for provision, _ in _placed(cut, instrument, language))


def _placed(cut: Segmentation, instrument: Instrument, language: str) -> Iterator[tuple[Provision, tuple[Row, ...]]]:
    """Each provision with the rows on which it stands."""
    names = _Names()
    for item in cut.segments:
        eid, flags = names.take(item.eid)
        flags = (*item.flags, *flags)
        head = _head(instrument, cut.family, item)
        yield Provision(
            instrument=instrument.id, language=language, eid=eid, kind=item.kind, number=item.number,
            label=item.label, citation=head, heading=item.heading, text=item.text, path=item.path,
            boxes=boxes(row.line for row in item.rows), flags=flags,
        ), tuple(item.rows)  # fmt: skip
        if cut.family:
            path = (*item.path, f"{item.label} {item.heading}".strip())
            # Recitals are cited by themselves: "GDPR (EU) recital 26".
            over = head.removesuffix(item.label).strip() if item.kind == "preamble" else head
            yield from _divided(item.divisions, eid, over, path, cut.family, names, instrument, language)


def _divided(
    divisions: Sequence[Division], parent: str, head: str, path: tuple[str, ...],
    family: Family, names: _Names, instrument: Instrument, language: str,
) -> Iterator[tuple[Provision, tuple[Row, ...]]]:  # fmt: skip
    for division in divisions:
        part, part_kind, cite = name(family.parts, division)
        eid, flags = names.take(f"{parent}__{part}")
        citation = head + cite
        yield Provision(
            instrument=instrument.id, language=language, eid=eid, kind=part_kind, number=division.number,
            label=_shown(division), citation=citation, text=division.text, path=path, parent=parent,
            boxes=boxes(row.line for row in division.rows), flags=flags,
        ), tuple(division.rows)  # fmt: skip
        yield from _divided(division.children, eid, citation, path, family, names, instrument, language)


def _shown(division: Division) -> str:
    shape = division.shape
    lead, tail = ("(" if shape.startswith("(") else ""), shape[-1] if shape[-1] in ").(" else ""
    return f"{lead}{division.number}{tail}"


def _head(instrument: Instrument, family: Family | None, item: Segment) -> str:
    known = jurisdictions().get(instrument.jurisdiction)
    named = known is not None and instrument.jurisdiction not in (UNKNOWN, "int")
    place = f" ({instrument.jurisdiction.upper()})" if named else ""
    unit = family.citation(item.number) if family and item.kind == family.kind else item.label
    return f"{instrument.name}{place} {unit}".strip()


def boxes(lines: Iterable[Line]) -> tuple[Box, ...]:
    """The rectangles that lines fill, one a page and column, in reading order."""
    found: list[list[float]] = []
    for line in lines:
        last = found[-1] if found else None
        apart = last is None or last[0] != line.page or line.y0 < last[4] - 2 * max(line.size, 6)
        if apart or last is None:
            found.append([line.page, line.x0, line.y0, line.x1, line.y1])
        else:
            last[1:] = [min(last[1], line.x0), min(last[2], line.y0), max(last[3], line.x1), max(last[4], line.y1)]
    return tuple(Box(int(p), round(a, 1), round(b, 1), round(c, 1), round(d, 1)) for p, a, b, c, d in found)


def report(
    reading: Reading, described: Description, layout: Layout, ballot: Vote, cut: Segmentation,
    provisions: Sequence[Provision],
) -> dict[str, object]:  # fmt: skip
    """The parse report of one expression: what was expected and found, and where every character went."""
    characters: Counter[str] = Counter()
    for row, role in zip(cut.flow, cut.roles, strict=True):
        characters[role or "unassigned"] += len(row.text)
    for reason, lines in layout.furniture.items():
        characters[f"furniture: {reason}"] += sum(len(line.text) for line in lines)
    placed = {note for item in cut.segments for note in item.notes}
    characters["heading"] += sum(len(line.text) for note in placed for line in note.lines)
    characters["unassigned"] += sum(len(line.text) for note in cut.unplaced for line in note.lines)
    units = [p for p in provisions if p.is_unit and cut.family and p.kind == cut.family.kind]
    return {
        "pages": len(reading.pages),
        "image_only_pages": list(reading.image_only),
        "extractor": Counter(reading.extractors).most_common(1)[0][0] if reading.extractors else "",
        "anomaly": round(reading.anomaly, 3),
        "turned_pages": list(reading.turned),
        "zawgyi_pages": list(reading.zawgyi),
        "ocr_pages": [page.number for page in reading.scanned],
        "ocr_share": round(len(reading.scanned) / len(reading.pages), 3),
        "ocr_confidence": None if reading.confidence is None else round(reading.confidence, 3),
        "layout": layout.kind,
        "described_by": described.source,
        "family": ballot.family.id if ballot.family else "",
        "votes": dict(sorted(ballot.scores.items(), key=lambda item: -item[1])[:4]),
        "expected": cut.expected,
        "found": len(units),
        "missing": list(cut.missing),
        "doubled": list(cut.doubled),
        "contents": len(cut.contents),
        "provisions": len(provisions),
        "characters": dict(sorted(characters.items())),
        "unassigned": characters["unassigned"],
        "flags": sorted(_flags(reading, cut)),
    }


def _flags(reading: Reading, cut: Segmentation) -> set[str]:
    flags = {flag for item in cut.segments for flag in item.flags}
    if reading.image_only:
        flags.add("image-only-pages")
    if reading.scanned:
        flags.add("ocr")
    if reading.zawgyi:
        flags.add("zawgyi")
    if cut.missing:
        flags.add("number-gap")
    return flags


def as_json(expressions: Sequence[Expression]) -> dict[str, object]:
    """Expressions of one file as plain JSON: units in order, each with its parts under ``children``.

    Numbers in whose place the editor's note ``[Repealed ...]`` stands hold no provision; they come last, so that the
    order of the others is that of the law in force.
    """
    first = expressions[0].instrument if expressions else Instrument(id="/akn/unknown/doc/none")
    provisions: list[dict[str, object]] = []
    for expression in expressions:
        provisions += sorted(_nested(expression.provisions), key=_vacant)
    return {
        "id": first.id,
        "title": first.title or first.native_title,
        "native_title": first.native_title,
        "jurisdiction": first.jurisdiction,
        "kind": first.kind,
        "year": first.year,
        "languages": [expression.language for expression in expressions],
        "report": {expression.language: expression.report for expression in expressions},
        "provisions": provisions,
    }


def _vacant(item: Mapping[str, object]) -> bool:
    return "repealed" in str(item["flags"]) and str(item["text"]).startswith("[")


def _nested(provisions: Sequence[Provision]) -> list[dict[str, object]]:
    units: list[dict[str, object]] = []
    by_eid: dict[str, list[dict[str, object]]] = {}
    for p in provisions:
        children: list[dict[str, object]] = []
        item: dict[str, object] = {
            "number": p.number, "label": p.label, "heading": p.heading, "text": p.text, "path": list(p.path),
            "language": p.language, "page": p.page, "kind": p.kind, "eid": p.eid, "citation": p.citation,
            "flags": list(p.flags), "children": children,
        }  # fmt: skip
        by_eid[p.eid] = children
        by_eid.get(p.parent, units).append(item) if p.parent else units.append(item)
    return units
