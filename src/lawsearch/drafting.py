"""The drafter's commands: tables of correspondence and of concordance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from lawsearch.console import Json, app, err, out, print_json
from lawsearch.errors import QueryError
from lawsearch.settings import Settings, load_settings

if TYPE_CHECKING:
    from lawsearch.generation import Generation
    from lawsearch.search import Searcher
    from lawsearch.service import View

#: Kinds of file that a table of concordance is written as, by the end of the name.
ENDS = (".docx", ".xlsx", ".csv", ".json")


@dataclass(frozen=True)
class _Unasked:
    """A searcher that only holds its generation: tables are made of what is indexed, no model is loaded."""

    generation: Generation


def view_of(settings: Settings) -> View:
    """The generation being served, to look at without asking the models. Raises GenerationError."""
    from lawsearch.generation import Generation
    from lawsearch.service import View

    return View(cast("Searcher", _Unasked(Generation.current(settings.index_dir))))


@app.command("align")
def align(
    source: Annotated[str, typer.Argument(help="Id of an instrument: /akn/sg/act/2012/26")],
    target: Annotated[list[str] | None, typer.Argument(help="Ids of the others; none: all of the corpus.")] = None,
    grade: Annotated[str, typer.Option(help="Down to this grade: corresponds, partly or related.")] = "related",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    as_json: Json = False,
) -> None:
    """Make the whole table of correspondence between instruments: one to many, with what is unmatched on both sides."""
    from lawsearch import export, tables
    from lawsearch.grading import GRADES

    if grade not in GRADES:
        raise QueryError(f"grade {grade!r} is not known", f"Use one of: {', '.join(GRADES)}")
    found = tables.aligned(view_of(load_settings()), tables.Tables(), source, target or ())
    shown = GRADES[: GRADES.index(grade) + 1]
    for one in found.tables:
        one.rows = [row for row in one.rows if row.grade in shown]
    if as_json:
        print_json(found.model_dump())
        return
    if as_csv:
        # The mark for Excel is for files; a pipe gets plain UTF-8.
        print(export.alignment_csv(found).decode("utf-8-sig").replace("\r\n", "\n"), end="")
        return
    for one in found.tables:
        table = Table("grade", "score", _titled(one.source), _titled(one.target), "why")
        for row in one.rows:
            table.add_row(row.grade, f"{row.score:.2f}", _cell(row.source), _cell(row.target), escape(row.why))
        out.print(table)
        for side, alone in ((one.source, one.unmatched), (one.target, one.other_unmatched)):
            names = ", ".join(ref.label for ref in alone) or "–"
            out.print(f"unmatched of {escape(side.instrument.name)} ({len(alone)} of {side.units}): {escape(names)}")
    out.print(f"[dim]{found.took_ms:.0f} ms · index {found.generation} · {found.note}[/]")


def _titled(side: Any) -> str:
    return escape(f"{side.instrument.name} ({side.language})")


def _cell(ref: Any) -> str:
    return f"{escape(ref.citation)}\n[dim]{escape(ref.heading or ref.opening)}[/]"


@app.command("concordance")
def concordance(
    pivot: Annotated[str, typer.Argument(help="Id of the pivot instrument: /akn/sg/act/2012/26")],
    others: Annotated[list[str], typer.Argument(help="Ids of the instruments it is compared with.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where to write the table: .docx, .xlsx, .csv or .json.")
    ] = None,
    back: Annotated[Path | None, typer.Option("--import", help="Read decisions from this CSV first.")] = None,
    name: Annotated[str, typer.Option(help="Who signs the decisions that are read.")] = "",
    as_json: Json = False,
) -> None:
    """Make the table of concordance from a pivot to other instruments, with the decisions of the desk."""
    from lawsearch import export, tables
    from lawsearch.concordances import concorded
    from lawsearch.desk import Desk

    settings = load_settings()
    if out_file and out_file.suffix.lower() not in ENDS:
        raise QueryError(f"{out_file}: no such kind of table", f"Give a name that ends in {', '.join(ENDS)}")
    if back and not name.strip():
        raise QueryError("decisions need a name", "Say who signs them with --name")
    view, made, desk = view_of(settings), tables.Tables(), Desk(settings.desk_path)
    if back:
        _import(view, made, desk, back, name)
    found = concorded(view, made, desk, pivot, others)
    if out_file:
        out_file.write_bytes(_written(found, out_file.suffix.lower(), export))
        err.print(f"wrote {escape(str(out_file))}")
    elif as_json:
        print_json(found.model_dump())
    else:
        for one in found.tables:
            table = Table(_titled(found.pivot), _titled(one.other), "status", "decision", "comment")
            for row in one.rows:
                said = "; ".join([row.verdict, *row.suspect]) + (f"\n[dim]{escape(row.name)}[/]" if row.name else "")
                other = _cell(row.corresponding) if row.corresponding else escape(row.corresponding_id) or "–"
                first = _cell(row.source) if row.source else escape(row.source_id)
                table.add_row(first, other, row.status, said, escape(row.comment))
            out.print(table)
        out.print(f"[dim]index {found.generation} · {found.note}[/]")


def _written(found: Any, end: str, export: Any) -> bytes:
    if end == ".json":
        return found.model_dump_json(indent=1).encode()
    return {".docx": export.as_docx, ".xlsx": export.as_xlsx, ".csv": export.as_csv}[end](found)


def _import(view: View, made: Any, desk: Any, path: Path, name: str) -> None:
    """Record the decisions of a CSV and say how many."""
    from lawsearch.intake import imported

    try:
        data = path.read_bytes()
    except OSError as error:
        raise QueryError(f"{path}: {error.strerror}", "Name a CSV that was made here") from None
    read = imported(view, made, desk, data, name)
    err.print(f"{read.recorded} decisions recorded, {read.unchanged} stood already, {len(read.refused)} rows refused")
    for line in read.refused:
        err.print(f"[bold red]line {line.line}:[/] {escape(line.problem)}")
