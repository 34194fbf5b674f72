"""The pages of a document as parsed: every line in one role, every box at its place, all in one file."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from pages import line, page, pdf, typed
from typer.testing import CliRunner

from ingest import parsing
from ingest.inspection import ROLES, inspect, places
from ingest.page import Reading
from ingest.parsing import parse, worked
from lawsearch.cli import app
from lawsearch.errors import LawsearchError, QueryError

ACT = [
    """
LAMPS ACT 2041
An Act to regulate the keeping of lamps.
**PART 1**
**PRELIMINARY**
**Short title**
1. This Act is the Lamps Act 2041.
**Duty <to> light**
2. (1) A keeper must light every lamp at dusk & keep it lit.
(2) A keeper must tell the harbour of a broken lamp.
""",
    """
**Penalty**
3. A keeper who fails to do so pays 900 dollars.
**THE SCHEDULE**
Fees of the keeper
1. For a lamp of brass, two dollars.
""",
]


def numbered(texts: list[str]) -> list[list[tuple[float, float, str]]]:
    """Pages with a running head and a page number."""
    made = typed(*texts)
    return [
        [(250, 30, "Laws of the Harbour"), *rows, (290, 790, str(number))] for number, rows in enumerate(made, start=1)
    ]


@pytest.fixture
def act(tmp_path: Path) -> Path:
    path = tmp_path / "lamps.pdf"
    path.write_bytes(pdf(numbered(ACT)))
    return path


def roles(path: Path) -> dict[str, str]:
    return {place.line.text: place.role for place in places(worked(path))}


def test_every_line_has_its_role(act: Path) -> None:
    found = roles(act)
    assert found == {
        "Laws of the Harbour": "running", "1": "folio", "2": "folio",
        "LAMPS ACT 2041": "preamble", "An Act to regulate the keeping of lamps.": "preamble",
        "PART 1": "container", "PRELIMINARY": "container",
        "Short title": "label", "1. This Act is the Lamps Act 2041.": "label",
        "Duty <to> light": "label", "2. (1) A keeper must light every lamp at dusk & keep it lit.": "label",
        "(2) A keeper must tell the harbour of a broken lamp.": "provision",
        "Penalty": "label", "3. A keeper who fails to do so pays 900 dollars.": "label",
        "THE SCHEDULE": "schedule", "Fees of the keeper": "schedule",
        "1. For a lamp of brass, two dollars.": "schedule",
    }  # fmt: skip
    assert set(found.values()) <= set(ROLES)


def test_every_line_knows_its_provision(act: Path) -> None:
    by_text = {place.line.text: place for place in places(worked(act))}
    part = by_text["(2) A keeper must tell the harbour of a broken lamp."]
    assert part.unit is not None
    assert part.part is not None
    assert (part.unit.label, part.part.eid) == ("Section 2", "part_1__sec_2__subsec_2")
    assert [p.unit.eid for p in by_text.values() if p.first and p.unit] == [
        "preamble", "part_1__sec_1", "part_1__sec_2", "part_1__sec_3", "sched_1"
    ]  # fmt: skip
    assert by_text["1"].unit is None


def letters(texts: list[str]) -> Counter[str]:
    return Counter("".join("".join(text.split()) for text in texts))


def test_every_character_is_somewhere_and_the_report_says_how_much(act: Path) -> None:
    work = worked(act)
    printed = [x.text for sheet in work.reading.pages for x in sheet.lines]
    assert letters([place.line.text for place in places(work)]) == letters(printed)
    report = work.texts[0].expression.report
    assert sum(report["characters"].values()) == sum(len(place.line.text) for place in places(work))
    assert report["unassigned"] == sum(len(p.line.text) for p in places(work) if p.role == "unassigned") == 0


def test_marginal_notes_footnotes_and_lines_read_by_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    body = [
        ("The oil of every lamp is kept in tins of tin at", "the foot of the tower.1"),
        ("A broken wick is cut and put back before the night", "by the keeper himself."),
        ("Records of what was lit are kept for three years and", "shown to whoever asks."),
        ("Who fails to light a lamp at dusk pays", "nine hundred dollars to the harbour."),
        ("Dues are paid by every vessel that enters after", "sunset unless in distress.2"),
        ("Empty tins go back to the store on the pier in", "the week after next."),
        ("Against a fine one may appeal to the master within", "fourteen days and in writing."),
        ("Forms hang in the office of the master; no other", "may be used for a return."),
    ]
    asides = ("Oil", "Broken wicks", "Records", "Penalty", "Harbour dues", "Tins", "Appeals", "Forms")
    sheets = []
    for number in (1, 2):
        rows = [line("The Lamps Act, for the keepers of all lamps of the harbour and beyond", 60, page=number)]
        for k, n in enumerate(range(4 * number - 3, 4 * number + 1)):
            y = 100 + 80 * k
            first, second = body[n - 1]
            rows += [line(f"{n}. {first:-<68}", y, page=number), line(second, y + 14, page=number)]
            rows.append(line(asides[n - 1], y + 2, 490, page=number, size=8))
        rows.append(
            line(f"{number} {('As amended by the Act.', 'Now the master.')[number - 1]}", 700, page=number, size=7)
        )
        sheets.append(page(number, *rows))
    sheets.append(page(3, replace(line("Nothing but a word here", 300, page=3), confidence=0.5)))
    names = ("pdfium", "pdfium", "tesseract")
    monkeypatch.setattr(parsing, "read", lambda path, **_: Reading(str(path), "0" * 64, tuple(sheets), names, 0.0))
    found = list(places(worked("lamps.pdf")))
    assert Counter(p.role for p in found)["note"] == 8
    assert Counter(p.role for p in found)["footnote"] == 2
    assert [p.unit.number for p in found if p.role == "note" and p.unit] == list("12345678")
    assert [p.line.text for p in found if p.line.confidence is not None] == ["Nothing but a word here"]


def test_the_page_is_one_file_with_boxes_legend_report_and_links(act: Path) -> None:
    drawn = inspect(act)
    assert drawn.count("data:image/png;base64,") == drawn.count("<section") == 2
    assert re.search(r"(?:src|href)=\"(?!data:|#)", drawn) is None
    for role in ROLES.values():
        assert role.name in drawn
    assert len({role.letter for role in ROLES.values()}) == len({r.colour for r in ROLES.values()}) == len(ROLES)
    targets = re.findall(r'href="#([^"]+)"', drawn)
    assert len(targets) == 5
    assert all(f'id="{target}"' in drawn for target in targets)
    assert "heading: Duty &lt;to&gt; light" in drawn
    assert "dusk &amp; keep" in drawn
    assert "3 of 3 units, 0 characters unassigned, numbering sections-en" in drawn
    assert parse(act)[0].source_digest in drawn
    (x, y) = map(float, re.findall(r'1\. This Act.*?<rect x="([\d.]+)" y="([\d.]+)"', drawn, re.DOTALL)[0])
    box = next(p for p in parse(act)[0].provisions if p.number == "1").boxes[0]
    assert (x, abs(box.y0 - y) < 20) == (pytest.approx(box.x0 - 1, abs=0.2), True)


def test_repealed_numbers_lead_to_the_line_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "lamps.pdf"
    path.write_bytes(pdf(typed(ACT[0] + "**Oil**\n3. (Repealed by Act 4 of 2042)\n4 to 6. [Repealed]\n")))
    drawn = inspect(path)
    targets = re.findall(r'href="#([^"]+)"', drawn)
    assert all(f'id="{target}"' in drawn for target in targets)


def test_the_command_writes_a_file_and_prints_its_path(
    act: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    run = CliRunner().invoke
    before = set(tmp_path.iterdir())
    ran = run(app, ["inspect", str(act), "--pages", "1"])
    assert ran.exit_code == 0
    written = Path(ran.stdout.strip())
    assert (written.parent, written.read_text("utf-8").count("<section")) == (tmp_path / "t", 1)
    assert set(tmp_path.iterdir()) == before
    assert run(app, ["inspect", str(act), "--out", "here.html"]).stdout.strip() == "here.html"
    assert (tmp_path / "here.html").read_text("utf-8").count("<section") == 2
    wrong = run(app, ["inspect", str(act), "--out", str(tmp_path / "no" / "here.html")])
    assert isinstance(wrong.exception, LawsearchError)
    assert "cannot be written" in str(wrong.exception)


def test_only_some_pages(act: Path) -> None:
    drawn = inspect(act, pages="2")
    assert drawn.count("<section") == 1
    assert 'id="page-2"' in drawn
    assert len(re.findall(r'href="#', drawn)) == 2
    for wrong, said in (("3", "has 2"), ("2-1", "has 2"), ("0", "has 2"), ("x", "1,4-5")):
        with pytest.raises(QueryError, match=said):
            inspect(act, pages=wrong)


def test_where_structure_fails_pages_are_stored_flagged_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(pdf(typed("Lamps are good to have.\nThey should be lit at night.", "Boats are good to have too.")))
    (found,) = parse(path)
    assert [(p.kind, p.eid, p.page, p.flags) for p in found.provisions] == [
        ("page", "page_1", 1, ("page-wise",)), ("page", "page_2", 2, ("page-wise",)),
    ]  # fmt: skip
    assert [p.text for p in found.provisions] == [
        "Lamps are good to have. They should be lit at night.", "Boats are good to have too.",
    ]  # fmt: skip
    assert found.report["flags"] == ["page-wise"]
    assert found.report["unassigned"] == 0
    assert set(roles(path).values()) == {"provision"}
    assert "numbering not found: stored page by page" in inspect(path)
