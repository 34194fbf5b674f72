"""A table of concordance read back from CSV: what its rows say, and recording it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, Field

from lawsearch.concordances import OTHERS
from lawsearch.decision import STATUSES, VERDICTS, Decision
from lawsearch.desk import Desk
from lawsearch.errors import BusyError, LawsearchError, QueryError
from lawsearch.service import View
from lawsearch.spreadsheet import unguarded
from lawsearch.tables import Tables, text_of
from lawsearch.verdicts import DecisionIn, alike, commented, decided, same

# Python's own limit is less than a long schedule; the size of the whole file is bounded at the edge.
csv.field_size_limit(16_000_000)
#: Columns that are read back; the others are for people.
READ = ("pivot_id", "other", "suggested_id", "corresponding_id", "status", "decision", "comment")
#: Most rows of a file, and most pairs of texts that they are about: those of one table of concordance.
ROWS, PAIRS = 20_000, OTHERS
#: Why a row is not recorded.
LATER = "somebody decided on it since this file was made"
WITHOUT_DECISION = "a comment without a decision is not recorded; write open as decision"


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
        for number, row in enumerate(reader, 1):
            if number > ROWS:
                raise QueryError(f"the file has more than {ROWS:,} rows", "Send the rows that were changed")
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
                if len(known) == PAIRS:
                    raise QueryError(f"more than {PAIRS} pairs of texts", "Send the other rows in a file of their own")
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
        except BusyError:
            raise
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
