"""Tables as spreadsheets: CSV and Excel, in which no text of a law is ever computed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What no XML may hold, and no cell should.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
#: First characters that make a spreadsheet compute a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Most characters of a cell in Excel.
_CELL = 32_767


def clean(text: str) -> str:
    """``text`` without characters that files of this kind cannot hold."""
    return _CONTROLS.sub("", text)


def as_csv(columns: Sequence[str], found: Iterable[Mapping[str, str]]) -> bytes:
    """Rows as CSV in UTF-8, by the names of ``columns``."""
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


def workbook(
    sheet_name: str, title: str, columns: Mapping[str, int], found: Iterable[Mapping[str, str]], footer: str,
    numbers: Sequence[str] = (),
) -> bytes:  # fmt: skip
    """An Excel workbook of one sheet: ``columns`` with their widths in characters, a row a line, the heading fixed and
    repeated in print, ``footer`` on every page. Columns of ``numbers`` hold numbers, all others text."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = sheet_name
    book.properties.title = clean(title)
    book.properties.creator = "lawsearch"
    top = Alignment(wrap_text=True, vertical="top")
    for column, (name, width) in enumerate(columns.items(), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        head = sheet.cell(1, column, name)
        head.font, head.fill, head.alignment = Font(bold=True), PatternFill("solid", fgColor="E8EFF7"), top
    for line, row in enumerate(found, 2):
        for column, name in enumerate(columns, 1):
            cell = sheet.cell(line, column)
            said = row.get(name, "")
            if name in numbers and said:
                cell.value, cell.number_format = float(said), "0.00" if "." in said else "0"
            elif text := clean(said):
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
    sheet.oddFooter.left.text = clean(footer).replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
