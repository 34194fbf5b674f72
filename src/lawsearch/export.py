"""Tables of correspondence and concordance, and the matrix, as files: Word, Excel and CSV.

A file says of every row where it comes from, for rows are copied out of their tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lawsearch import spreadsheet
from lawsearch.concordances import CitedOut, ConcordanceOut, RowOut, TableOut
from lawsearch.matrices import MatrixCell, MatrixOut, MatrixRow
from lawsearch.matrix import PRESENT
from lawsearch.schemas import InstrumentOut, ProvisionRef
from lawsearch.spreadsheet import workbook
from lawsearch.tables import NOTE, AlignmentsOut, SideOut
from lawsearch.typesetting import grid, heading, landscape, saved, widen, write
from lawsearch.vocabulary import languages

#: Columns of a concordance as a file, with their widths in an Excel sheet (characters).
COLUMNS = {
    "pivot_id": 18, "pivot_citation": 22, "pivot_heading": 26, "pivot_text": 60, "pivot_title": 28,
    "pivot_language": 10, "pivot_force": 11, "pivot_status": 12, "other": 18, "suggested_id": 18,
    "corresponding_id": 18, "corresponding_citation": 22, "corresponding_heading": 26, "corresponding_text": 60,
    "corresponding_title": 28, "corresponding_language": 10, "corresponding_force": 11, "corresponding_status": 12,
    "status": 14, "decision": 12, "comment": 36, "name": 16, "time": 20, "suspect": 26, "grade": 13, "score": 8,
    "why": 40, "generation": 20, "made": 20, "note": 40,
}  # fmt: skip
#: Columns of the Word table with their widths in centimetres: 27.7 on landscape A4 with margins of 1 cm.
WORD = {
    "Article": 2.9,
    "Text": 8.0,
    "Corresponding article": 2.9,
    "Corresponding text": 8.0,
    "Status": 2.3,
    "Comment": 3.6,
}


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


def as_csv(found: ConcordanceOut) -> bytes:
    """A concordance as CSV in UTF-8, a row a line."""
    return spreadsheet.as_csv(list(COLUMNS), rows(found))


def alignment_csv(found: AlignmentsOut) -> bytes:
    """Tables of correspondence as CSV in UTF-8."""
    return spreadsheet.as_csv(ALIGNED, aligned_rows(found))


def as_xlsx(found: ConcordanceOut) -> bytes:
    """A concordance as an Excel workbook, one row a line."""
    title = f"Table of concordance: {found.pivot.instrument.name}"
    footer = f"{found.generation} · {found.made}"
    return workbook("Concordance", title, COLUMNS, rows(found), footer, ("score",))


def as_docx(found: ConcordanceOut) -> bytes:
    """A concordance as a Word document on landscape A4: a table for each other text, its heading row repeated.

    What was rejected is left out; a provision that has nothing else stands with the status none.
    """
    title = f"Table of concordance: {found.pivot.instrument.name}"
    document = landscape(title, NOTE, f"Made {found.made} from index {found.generation}. {NOTE}")
    heading(document, title, 1)
    _facts(document, "Pivot", found.pivot)
    for made in found.tables:
        heading(document, f"{found.pivot.instrument.name} – {made.other.instrument.name}", 2)
        _facts(document, "Compared with", made.other)
        _word_table(document, found, made)
        if made.unmatched:
            heading(document, f"Of {made.other.instrument.name}, nothing above names", 3)
            for p in made.unmatched:
                line = document.add_paragraph(style="List Bullet")
                write(line, f"{p.citation} ")
                write(line, p.heading or p.opening, p.language)
    return saved(document)


def _facts(document: Any, what: str, side: SideOut) -> None:
    """A line on a text: official title, language, force, status and who says so."""
    i = side.instrument
    line = document.add_paragraph()
    write(line, f"{what}: ", bold=True)
    if i.native_title and i.native_title != i.title:
        own = i.authoritative if i.authoritative in languages() else side.language
        write(line, i.native_title, own)
        write(line, " · ")
    source = f" ({i.status_source}{', ' + i.status_date if i.status_date else ''})" if i.status_source else ""
    write(line, f"{i.title or i.name} · {i.jurisdiction.name} · {spoken(side.language)} · {facts(i)}{source}")


def facts(i: InstrumentOut) -> str:
    """Force and status in words."""
    force = "force unknown" if i.force == "unknown" else i.force
    return f"{force} · {'status unknown' if i.status == 'unknown' else i.status}"


def spoken(code: str) -> str:
    """The English name of a language."""
    return languages()[code].name if code in languages() else code


def _word_table(document: Any, found: ConcordanceOut, among: TableOut) -> None:
    made = grid(document, list(WORD))
    last = ""
    for row in among.rows:
        if row.verdict != "rejected" or row.suspect:
            _word_row(made.add_row().cells, found, among, row, repeated=row.source_id == last)
            last = row.source_id
    widen(made, list(WORD.values()))


def _word_row(cells: Any, found: ConcordanceOut, table: TableOut, row: RowOut, *, repeated: bool) -> None:
    _word_side(cells[0], cells[1], row.source, row.source_id, found.pivot, again=repeated)
    if row.corresponding or row.corresponding_id:
        _word_side(cells[2], cells[3], row.corresponding, row.corresponding_id, table.other, again=False)
    else:
        write(cells[2].paragraphs[0], "–")
    write(cells[4].paragraphs[0], row.status, bold=True)
    said = cells[4].add_paragraph()
    if row.verdict == "open":
        grade = f": {row.grade.grade} {row.grade.score:.2f}" if row.grade else ""
        write(said, f"estimated by machine{grade}", size=7)
    else:
        write(said, f"{row.verdict} by {row.name}, {row.time[:10]}", size=7)
    write(cells[5].paragraphs[0], row.comment)
    for doubt in row.suspect:
        write(cells[5].add_paragraph(), f"To be looked at again: {doubt}.", bold=True, size=8)


def _word_side(cite: Any, text: Any, found: CitedOut | None, key: str, side: SideOut, *, again: bool) -> None:
    """Citation, heading and facts in one cell, the text in the next; a text that stands above is not repeated."""
    if found is None:
        write(cite.paragraphs[0], key)
        write(text.paragraphs[0], "no longer in the corpus")
        return
    write(cite.paragraphs[0], found.citation, bold=True)
    if found.heading:
        write(cite.add_paragraph(), found.heading, found.language)
    i = side.instrument
    write(cite.add_paragraph(), f"{i.title or i.name} · {spoken(side.language)} · {facts(i)}", size=7)
    if again:
        write(text.paragraphs[0], "as above")
        return
    for number, line in enumerate(found.text.split("\n")):
        write(text.add_paragraph() if number else text.paragraphs[0], line, found.language)


# -- the matrix -----------------------------------------------------------------------------------------------------

CELLS = (
    "row_id", "row", "present", "counted", "spread", "jurisdiction", "state", "decided_by", "time", "suspect",
    "provision_ids", "citations", "headings", "scores", "more", "compare", "generation", "note",
)  # fmt: skip


def _row_named(row: MatrixRow) -> tuple[str, str]:
    """The id of a row and what it is called."""
    if row.provision:
        return row.provision.id, " ".join(filter(None, (row.provision.citation, row.provision.heading)))
    return (row.topic.id, row.topic.label) if row.topic else ("", "")


def _spread(row: MatrixRow) -> str:
    return f"{row.present} of {row.counted}: {row.spread}"


def matrix_rows(found: MatrixOut) -> Iterator[dict[str, str]]:
    """The cells of a matrix one by one, by the names of ``CELLS``."""
    names = {j.code: j.name for j in found.jurisdictions}
    for row in found.rows:
        key, name = _row_named(row)
        for cell in row.cells:
            made = cell.decision
            refs = [s.provision for s in cell.provisions]
            yield {
                "row_id": key, "row": name, "present": str(row.present), "counted": str(row.counted),
                "spread": row.spread, "jurisdiction": names[cell.jurisdiction], "state": cell.state,
                "decided_by": made.name if made else "", "time": made.time if made else "",
                "suspect": "yes" if made and made.suspect else "", "provision_ids": " ".join(r.id for r in refs),
                "citations": "; ".join(r.citation for r in refs), "headings": "; ".join(r.heading for r in refs),
                "scores": " ".join("" if s.score is None else f"{s.score:.2f}" for s in cell.provisions),
                "more": str(cell.more), "compare": cell.compare, "generation": found.generation, "note": found.note,
            }  # fmt: skip


def matrix_csv(found: MatrixOut) -> bytes:
    """A matrix as CSV in UTF-8, a cell a line."""
    return spreadsheet.as_csv(CELLS, matrix_rows(found))


def _titled(found: MatrixOut) -> str:
    return f"Matrix: {found.pivot.instrument.name if found.pivot else found.field}"


def _said(cell: MatrixCell) -> list[str]:
    """A cell as lines: its state and who decided, then the citations it shows."""
    made = cell.decision
    by = f" ({'to be looked at again: ' if made.suspect else ''}{made.verdict} by {made.name})" if made else ""
    more = [f"and {cell.more} more"] if cell.more else []
    return [cell.state + by, *(s.provision.citation for s in cell.provisions), *more]


def matrix_xlsx(found: MatrixOut) -> bytes:
    """A matrix as an Excel workbook, a row a line and a column a jurisdiction; the last line counts the columns."""
    columns = {"Row": 40, "Spread": 18, **{j.name: 24 for j in found.jurisdictions}}
    lines = [
        {"Row": _row_named(row)[1], "Spread": _spread(row)}
        | {j.name: "\n".join(_said(cell)) for j, cell in zip(found.jurisdictions, row.cells, strict=True)}
        for row in found.rows
    ]
    lines.append({"Row": "In all"} | {c.jurisdiction.name: _counted(c.states) for c in found.columns})
    return workbook("Matrix", _titled(found), columns, lines, f"{found.generation} · {found.note}")


def _counted(states: dict[str, int]) -> str:
    return "\n".join(f"{state}: {count}" for state, count in states.items() if count)


def matrix_docx(found: MatrixOut) -> bytes:
    """A matrix as a Word document on landscape A4, its heading row repeated."""
    document = landscape(_titled(found), found.note, f"Index {found.generation}. {found.note}")
    heading(document, _titled(found), 1)
    if found.pivot:
        _facts(document, "Pivot", found.pivot)
    made = grid(document, ["Row", *(j.name for j in found.jurisdictions)], size=7)
    for row in found.rows:
        cells = made.add_row().cells
        write(cells[0].paragraphs[0], _row_named(row)[1], row.provision.language if row.provision else "en", size=7)
        write(cells[0].add_paragraph(), _spread(row), size=6)
        for cell, box in zip(row.cells, cells[1:], strict=True):
            state, *rest = _said(cell)
            write(box.paragraphs[0], state, bold=cell.state in PRESENT, size=6)
            for line in rest:
                write(box.add_paragraph(), line, size=6)
    last = made.add_row().cells
    write(last[0].paragraphs[0], "In all", bold=True, size=7)
    for column, box in zip(found.columns, last[1:], strict=True):
        write(box.paragraphs[0], _counted(column.states), size=6)
    widen(made, [4.0, *[23.7 / len(found.jurisdictions)] * len(found.jurisdictions)])
    return saved(document)
