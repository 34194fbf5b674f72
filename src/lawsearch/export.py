"""Tables as files: Word, Excel and CSV; and a table of concordance read back from CSV.

A file says of every row where it comes from, for rows are copied out of their tables.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, Field

from lawsearch.decision import STATUSES, VERDICTS, Decision
from lawsearch.desk import Desk
from lawsearch.errors import LawsearchError, QueryError
from lawsearch.schemas import InstrumentOut, ProvisionRef
from lawsearch.service import View
from lawsearch.tables import (
    NOTE,
    AlignmentsOut,
    CitedOut,
    ConcordanceOut,
    DecisionIn,
    RowOut,
    SideOut,
    TableOut,
    Tables,
    alike,
    commented,
    decided,
    same,
    text_of,
)
from lawsearch.vocabulary import languages

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Columns of a concordance as a file, with their widths in an Excel sheet (characters).
COLUMNS = {
    "pivot_id": 18, "pivot_citation": 22, "pivot_heading": 26, "pivot_text": 60, "pivot_title": 28,
    "pivot_language": 10, "pivot_force": 11, "pivot_status": 12, "other": 18, "suggested_id": 18,
    "corresponding_id": 18, "corresponding_citation": 22, "corresponding_heading": 26, "corresponding_text": 60,
    "corresponding_title": 28, "corresponding_language": 10, "corresponding_force": 11, "corresponding_status": 12,
    "status": 14, "decision": 12, "comment": 36, "name": 16, "time": 20, "suspect": 26, "grade": 13, "score": 8,
    "why": 40, "generation": 20, "made": 20, "note": 40,
}  # fmt: skip
#: Columns that are read back; the others are for people.
READ = ("pivot_id", "other", "suggested_id", "corresponding_id", "status", "decision", "comment")
#: What no XML may hold, and no cell should.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
#: First characters that make a spreadsheet compute a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Most characters of a cell in Excel.
_CELL = 32_767
# Python's own limit is less than a long schedule; the size of the whole file is bounded at the edge.
csv.field_size_limit(16_000_000)
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


def clean(text: str) -> str:
    """``text`` without characters that files of this kind cannot hold."""
    return _CONTROLS.sub("", text)


# -- rows -----------------------------------------------------------------------------------------------------------


def rows(found: ConcordanceOut) -> Iterator[dict[str, str]]:
    """The rows of all tables of a concordance, by the names of ``COLUMNS``."""
    for table in found.tables:
        for row in table.rows:
            yield {
                **_cited("pivot", row.source_id, row.source, found.pivot),
                "other": table.other.id,
                "suggested_id": row.suggested,
                **_cited("corresponding", row.corresponding_id, row.corresponding, table.other),
                "status": row.status,
                "decision": "" if row.verdict == "open" else row.verdict,
                "comment": row.comment,
                "name": row.name,
                "time": row.time,
                "suspect": "; ".join(row.suspect),
                "grade": row.grade.grade if row.grade else "",
                "score": f"{row.grade.score:.2f}" if row.grade else "",
                "why": row.grade.why if row.grade else "",
                "generation": found.generation,
                "made": found.made,
                "note": NOTE,
            }


def _cited(which: str, key: str, found: CitedOut | None, side: SideOut) -> dict[str, str]:
    """Citation, text and facts of one side of a row; of nothing, what text it was looked for in."""
    i = side.instrument
    return {
        f"{which}_id": key,
        f"{which}_citation": found.citation if found else "",
        f"{which}_heading": found.heading if found else "",
        f"{which}_text": found.text if found else "",
        f"{which}_title": official(i),
        f"{which}_language": side.language,
        f"{which}_force": i.force,
        f"{which}_status": i.status,
    }


def official(i: InstrumentOut) -> str:
    """The official title of an instrument, in its own language too where that is known."""
    return " · ".join(dict.fromkeys(filter(None, [i.native_title, i.title]))) or i.name


def aligned_rows(found: AlignmentsOut) -> Iterator[dict[str, str]]:
    """The rows of tables of correspondence; a provision without one stands alone in its row."""
    for table in found.tables:
        facts = {
            "source": table.source.id, "source_title": official(table.source.instrument), "target": table.target.id,
            "target_title": official(table.target.instrument), "generation": found.generation, "note": NOTE,
        }  # fmt: skip
        for row in table.rows:
            yield {
                **_named("source", row.source), **_named("target", row.target), "grade": row.grade,
                "score": f"{row.score:.2f}", "why": row.why, **facts,
            }  # fmt: skip
        for alone, which in ((table.unmatched, "source"), (table.other_unmatched, "target")):
            for ref in alone:
                yield {**_named(which, ref), "grade": "none", **facts}


def _named(which: str, ref: ProvisionRef) -> dict[str, str]:
    return {f"{which}_id": ref.id, f"{which}_citation": ref.citation, f"{which}_heading": ref.heading or ref.opening}


ALIGNED = (
    "source_id", "source_citation", "source_heading", "target_id", "target_citation", "target_heading", "grade",
    "score", "why", "source", "source_title", "target", "target_title", "generation", "note",
)  # fmt: skip


# -- CSV ------------------------------------------------------------------------------------------------------------


def _csv(columns: Sequence[str], found: Iterable[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([guarded(clean(row.get(c, ""))) for c in columns] for row in found)
    # With the mark that tells Excel the encoding; without it Thai comes out as noise.
    return out.getvalue().encode("utf-8-sig")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes: an apostrophe before what looks like a formula."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def unguarded(cell: str) -> str:
    """A cell as it was before ``guarded``."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in (*_FORMULA, "'") else cell


def as_csv(found: ConcordanceOut) -> bytes:
    """A concordance as CSV in UTF-8, a row a line."""
    return _csv(list(COLUMNS), rows(found))


def alignment_csv(found: AlignmentsOut) -> bytes:
    """Tables of correspondence as CSV in UTF-8."""
    return _csv(ALIGNED, aligned_rows(found))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a CSV that came back: its line number and what it says of its pair, or what is wrong with it.

    ``bare`` where it has a status or a comment but no decision; ``time`` is that of the decision that stood when the
    file was made (None: the file does not say), ``generation`` the index of that time.
    """

    number: int
    decision: DecisionIn | None
    problem: str = ""
    bare: bool = False
    time: str | None = None
    generation: str = ""


def read_csv(data: bytes, name: str) -> list[Line]:
    """The decisions that a CSV holds, signed by ``name``; rows without a decision, status or comment are left out.

    A row whose ``corresponding_id`` is no longer the suggestion is a correction, whatever its decision says.
    Raises QueryError where it is no such CSV.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise QueryError("the file is not UTF-8", "Save it as “CSV UTF-8”") from None
    # Spreadsheets of many countries write semicolons.
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    try:
        missing = [c for c in READ if c not in (reader.fieldnames or ())]
        if missing:
            raise QueryError(f"the file has no column {missing[0]}", f"It needs: {', '.join(READ)}")
        for row in reader:
            cells = {c: unguarded((row[c] or "").strip()) for c in READ}
            bare = not cells["decision"] and cells["corresponding_id"] == cells["suggested_id"]
            if bare and not cells["status"] and not cells["comment"]:
                continue
            line = _line(reader.line_num, cells | {"decision": "open"} if bare else cells, name)
            stood = row.get("time")
            found.append(
                replace(
                    line, bare=bare, time=None if stood is None else unguarded(stood.strip()),
                    generation=(row.get("generation") or "").strip(),
                )
            )  # fmt: skip
    except csv.Error as error:
        raise QueryError(f"line {reader.line_num + 1} cannot be read: {error}", "Save it as CSV again") from None
    return found


def _line(number: int, cells: dict[str, str], name: str) -> Line:
    verdict = cells["decision"].lower()
    status = cells["status"].lower()
    if verdict in ("", "confirmed", "corrected"):
        same = cells["corresponding_id"] == cells["suggested_id"]
        verdict = "confirmed" if same else "corrected"
        if verdict == "corrected" and not cells["corresponding_id"]:
            return Line(number, None, "a correction names what corresponds; reject the suggestion instead")
    if verdict not in VERDICTS:
        return Line(number, None, f"decision {cells['decision'][:40]!r} is none of {', '.join(VERDICTS)}")
    if status and status not in STATUSES:
        return Line(number, None, f"status {cells['status'][:40]!r} is none of {', '.join(STATUSES)}")
    corresponding = cells["corresponding_id"] if verdict == "corrected" else ""
    try:
        decision = DecisionIn(
            source=cells["pivot_id"], other=cells["other"], suggested=cells["suggested_id"], verdict=verdict,
            status=status, corresponding=corresponding, comment=cells["comment"], name=name,
        )  # fmt: skip
    except ValueError:
        return Line(number, None, "the comment is too long")
    return Line(number, decision)


#: Why a row is not recorded.
LATER = "somebody decided on it since this file was made"
WITHOUT_DECISION = "a comment without a decision is not recorded; write open as decision"


class LineOut(BaseModel):
    line: int = Field(description="Number of the line in the file, from 1.", examples=[7])
    problem: str = Field(description="What is wrong with it.", examples=["decision 'maybe' is none of confirmed, …"])


class ImportOut(BaseModel):
    recorded: int = Field(description="Decisions recorded.", examples=[12])
    unchanged: int = Field(description="Rows whose decision already stood so.", examples=[30])
    refused: list[LineOut] = Field(description="Rows that were not recorded, and why; the others were.")


def imported(view: View, made: Tables, desk: Desk, data: bytes, name: str) -> ImportOut:
    """Record the decisions of a CSV; rows that are wrong are named instead. Raises QueryError where it is no CSV."""
    known: dict[tuple[str, str], dict[tuple[str, str, str], Any]] = {}
    recorded, refused, unchanged = [], [], 0
    for line in read_csv(data, name):
        if line.decision is None:
            refused.append(LineOut(line=line.number, problem=line.problem))
            continue
        asked = line.decision
        try:
            other = text_of(view, asked.other).id
            pair = (asked.source.split("/~")[0], other)
            if pair not in known:
                known[pair] = {d.key: d for d in desk.decisions(*pair)}
            standing = known[pair].get((asked.source, other, asked.suggested))
            if line.bare:
                if problem := _bare(view, made, line, asked, standing):
                    refused.append(LineOut(line=line.number, problem=problem))
            elif standing and same(standing, asked):
                unchanged += 1
            elif decision := _changed(view, made, line, asked, standing):
                recorded.append(decision)
            else:
                unchanged += 1
        except LawsearchError as error:
            if not line.bare or asked.comment:
                refused.append(LineOut(line=line.number, problem=error.problem))
    desk.decide(recorded)
    return ImportOut(recorded=len(recorded), unchanged=unchanged, refused=refused)


def _changed(view: View, made: Tables, line: Line, asked: DecisionIn, standing: Decision | None) -> Decision | None:
    """What a row says that does not stand already. Raises NotFoundError; QueryError where the file is behind."""
    # What was added in the place of nothing has the status of nothing still.
    if asked.verdict == "corrected" and not asked.suggested and asked.status == "none":
        asked = asked.model_copy(update={"status": ""})
    if standing is None:
        decision = decided(view, made, asked)
        if decision.verdict != "open" or decision.comment:
            return decision
        return decision if decision.status != _suggested(view, made, asked) else None
    only_said = alike(standing, asked)
    decision = commented(view, made, standing, asked) if only_said else decided(view, made, asked)
    if same(standing, decision):
        return None
    if _behind(line, standing):
        raise QueryError(LATER, "Make the file again")
    return decision


def _bare(view: View, made: Tables, line: Line, asked: DecisionIn, standing: Decision | None) -> str:
    """What is wrong with a row that has a status or a comment but no decision; empty where they stand already."""
    said = asked.comment.replace("\r\n", "\n")
    if standing and _behind(line, standing):
        # Whether its status was changed, nobody can tell.
        return LATER if said and said != standing.comment else ""
    if said != (standing.comment if standing else ""):
        return WITHOUT_DECISION
    if standing:
        stands = standing.status
    elif line.generation in ("", view.name):
        stands = _suggested(view, made, asked)
    else:
        return ""
    return WITHOUT_DECISION if asked.status not in ("", stands) else ""


def _behind(line: Line, standing: Decision) -> bool:
    """Whether somebody decided after the file was made."""
    return line.time is not None and standing.time > line.time


def _suggested(view: View, made: Tables, asked: DecisionIn) -> str:
    """The status that the machine suggests for a row."""
    return decided(view, made, asked.model_copy(update={"verdict": "open", "status": "", "corresponding": ""})).status


# -- Excel ----------------------------------------------------------------------------------------------------------


def as_xlsx(found: ConcordanceOut) -> bytes:
    """A concordance as an Excel workbook: one row a line, the heading fixed and repeated in print."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = "Concordance"
    book.properties.title = f"Table of concordance: {found.pivot.instrument.name}"
    book.properties.creator = "lawsearch"
    top = Alignment(wrap_text=True, vertical="top")
    for column, (name, width) in enumerate(COLUMNS.items(), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        head = sheet.cell(1, column, name)
        head.font, head.fill, head.alignment = Font(bold=True), PatternFill("solid", fgColor="E8EFF7"), top
    for line, row in enumerate(rows(found), 2):
        for column, name in enumerate(COLUMNS, 1):
            cell = sheet.cell(line, column)
            if name == "score" and row[name]:
                cell.value, cell.number_format = float(row[name]), "0.00"
            elif text := clean(row[name]):
                # A string whatever it begins with: no text of a law is ever computed.
                cell.value = text if len(text) <= _CELL else text[: _CELL - 1] + "…"
                cell.data_type = "s"
            cell.alignment = top
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.left.text = f"{found.generation} · {found.made}".replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# -- Word -----------------------------------------------------------------------------------------------------------

#: Columns of the Word table with their widths in centimetres: 27.7 on landscape A4 with margins of 1 cm.
WORD = {
    "Article": 2.9,
    "Text": 8.0,
    "Corresponding article": 2.9,
    "Corresponding text": 8.0,
    "Status": 2.3,
    "Comment": 3.6,
}


def as_docx(found: ConcordanceOut) -> bytes:
    """A concordance as a Word document on landscape A4: a table for each other text, its heading row repeated.

    What was rejected is left out; a provision that has nothing else stands with the status none.
    """
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
    document.core_properties.title = clean(f"Table of concordance: {found.pivot.instrument.name}")
    document.core_properties.author = "lawsearch"
    document.core_properties.comments = NOTE
    foot = section.footer.paragraphs[0]
    _write(foot, f"Made {found.made} from index {found.generation}. {NOTE}", size=7)
    _heading(document, f"Table of concordance: {found.pivot.instrument.name}", 1)
    _facts(document, "Pivot", found.pivot)
    for table in found.tables:
        _heading(document, f"{found.pivot.instrument.name} – {table.other.instrument.name}", 2)
        _facts(document, "Compared with", table.other)
        _word_table(document, found, table)
        if table.unmatched:
            _heading(document, f"Of {table.other.instrument.name}, nothing above names", 3)
            for p in table.unmatched:
                line = document.add_paragraph(style="List Bullet")
                _write(line, f"{p.citation} ")
                _write(line, p.heading or p.opening, p.language)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _heading(document: Any, text: str, level: int) -> None:
    _write(document.add_heading("", level), text, size=0)


def _facts(document: Any, what: str, side: SideOut) -> None:
    """A line on a text: official title, language, force, status and who says so."""
    i = side.instrument
    line = document.add_paragraph()
    _write(line, f"{what}: ", bold=True)
    if i.native_title and i.native_title != i.title:
        own = i.authoritative if i.authoritative in languages() else side.language
        _write(line, i.native_title, own)
        _write(line, " · ")
    source = f" ({i.status_source}{', ' + i.status_date if i.status_date else ''})" if i.status_source else ""
    _write(line, f"{i.title or i.name} · {i.jurisdiction.name} · {_language(side.language)} · {facts(i)}{source}")


def facts(i: InstrumentOut) -> str:
    """Force and status in words."""
    force = "force unknown" if i.force == "unknown" else i.force
    return f"{force} · {'status unknown' if i.status == 'unknown' else i.status}"


def _language(code: str) -> str:
    return languages()[code].name if code in languages() else code


def _word_table(document: Any, found: ConcordanceOut, table: TableOut) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Cm

    made = document.add_table(rows=1, cols=len(WORD))
    made.style = "Table Grid"
    made.autofit = False
    for cell, name in zip(made.rows[0].cells, WORD, strict=True):
        _write(cell.paragraphs[0], name, bold=True)
    # The heading row stands again on every page.
    repeated = OxmlElement("w:tblHeader")
    made.rows[0]._tr.get_or_add_trPr().append(repeated)
    last = ""
    for row in table.rows:
        if row.verdict != "rejected" or row.suspect:
            _word_row(made.add_row().cells, found, table, row, repeated=row.source_id == last)
            last = row.source_id
    for line in made.rows:
        for cell, width in zip(line.cells, WORD.values(), strict=True):
            cell.width = Cm(width)


def _word_row(cells: Any, found: ConcordanceOut, table: TableOut, row: RowOut, *, repeated: bool) -> None:
    _word_side(cells[0], cells[1], row.source, row.source_id, found.pivot, again=repeated)
    if row.corresponding or row.corresponding_id:
        _word_side(cells[2], cells[3], row.corresponding, row.corresponding_id, table.other, again=False)
    else:
        _write(cells[2].paragraphs[0], "–")
    _write(cells[4].paragraphs[0], row.status, bold=True)
    said = cells[4].add_paragraph()
    if row.verdict == "open":
        grade = f": {row.grade.grade} {row.grade.score:.2f}" if row.grade else ""
        _write(said, f"estimated by machine{grade}", size=7)
    else:
        _write(said, f"{row.verdict} by {row.name}, {row.time[:10]}", size=7)
    _write(cells[5].paragraphs[0], row.comment)
    for doubt in row.suspect:
        _write(cells[5].add_paragraph(), f"To be looked at again: {doubt}.", bold=True, size=8)


def _word_side(cite: Any, text: Any, found: CitedOut | None, key: str, side: SideOut, *, again: bool) -> None:
    """Citation, heading and facts in one cell, the text in the next; a text that stands above is not repeated."""
    if found is None:
        _write(cite.paragraphs[0], key)
        _write(text.paragraphs[0], "no longer in the corpus")
        return
    _write(cite.paragraphs[0], found.citation, bold=True)
    if found.heading:
        _write(cite.add_paragraph(), found.heading, found.language)
    i = side.instrument
    _write(cite.add_paragraph(), f"{i.title or i.name} · {_language(side.language)} · {facts(i)}", size=7)
    if again:
        _write(text.paragraphs[0], "as above")
        return
    for number, line in enumerate(found.text.split("\n")):
        _write(text.add_paragraph() if number else text.paragraphs[0], line, found.language)


def _write(paragraph: Any, text: str, language: str = "en", *, bold: bool = False, size: float = 9) -> None:
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
