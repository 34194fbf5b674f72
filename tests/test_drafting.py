from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from laws import ID, PH, SG, TH
from openpyxl import load_workbook
from test_cli import Run, lawsearch  # noqa: F401 - a fixture

from lawsearch.desk import Desk
from lawsearch.settings import Settings


@pytest.fixture
def run(lawsearch: Run, built: Settings) -> Iterator[Run]:  # noqa: F811
    """Runs a command line; the index is shared by all tests, so what is decided is taken away again."""
    yield lawsearch
    for path in built.index_dir.glob("desk.db*"):
        path.unlink()


def test_align_prints_a_table_csv_and_json(run: Run) -> None:
    ran = run("align", SG.id, PH.id)
    assert ran.code == 0
    assert "LKA 2041 (SG) s 5" in ran.out
    assert "unmatched of LKA 2041" in ran.out
    (table,) = run("align", SG.id, PH.id, "--json").json["tables"]
    assert table["source"]["units"] == 6
    rows = list(csv.DictReader(io.StringIO(run("align", SG.id, PH.id, "--csv").out)))
    assert len([r for r in rows if r["grade"] != "none"]) == len(table["rows"])
    assert {r["target"] for r in rows} == {f"{PH.id}/en"}


def test_align_against_all_and_by_language(run: Run) -> None:
    found = run("align", SG.id, "--json").json["tables"]
    assert {t["target"]["instrument"]["id"] for t in found} >= {PH.id, ID.id, TH.id}
    (table,) = run("align", f"{ID.id}/en", f"{ID.id}/id", "--json").json["tables"]
    assert (table["source"]["language"], table["target"]["language"]) == ("en", "id")


def test_align_down_to_a_grade(run: Run) -> None:
    for table in run("align", SG.id, "--grade", "corresponds", "--json").json["tables"]:
        assert {r["grade"] for r in table["rows"]} <= {"corresponds"}


def test_concordance_in_every_kind_of_file(run: Run, tmp_path: Path) -> None:
    assert "estimated by machine" in run("concordance", SG.id, PH.id, TH.id).out
    assert len(run("concordance", SG.id, PH.id, TH.id, "--json").json["tables"]) == 2
    for end in ("docx", "xlsx", "csv", "json"):
        path = tmp_path / f"table.{end}"
        ran = run("concordance", SG.id, PH.id, "--out", path)
        assert (ran.code, ran.out) == (0, "")
        assert str(path) in ran.err
    assert len(Document(tmp_path / "table.docx").tables) == 1
    assert load_workbook(tmp_path / "table.xlsx").active["A1"].value == "pivot_id"
    assert json.loads((tmp_path / "table.json").read_text("utf-8"))["pivot"]["id"] == f"{SG.id}/en"


def test_decisions_come_back_from_a_csv(run: Run, tmp_path: Path, built: Settings) -> None:
    path = tmp_path / "table.csv"
    run("concordance", SG.id, PH.id, "--out", path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    mine = next(r for r in rows if r["pivot_id"].endswith("sec_9"))
    mine.update(corresponding_id=f"{PH.id}/en/~sec_11", comment="พบแล้ว")
    rows[0]["decision"] = "perhaps"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    ran = run("concordance", SG.id, PH.id, "--import", path, "--name", "A. Drafter")
    assert "1 decisions recorded, 0 stood already, 1 rows refused" in ran.err
    assert "line 2:" in ran.err
    assert "พบแล้ว" in ran.out
    (decision,) = Desk(built.desk_path).decisions(f"{SG.id}/en", f"{PH.id}/en")
    assert (decision.name, decision.corresponding) == ("A. Drafter", f"{PH.id}/en/~sec_11")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["align", "/akn/xx/act/1"], "no instrument"),
        (["align", SG.id, "--grade", "alike"], "grade 'alike' is not known"),
        (["align", SG.id, SG.id], "no other text"),
        (["concordance", SG.id, SG.id], "needs a pivot and another text"),
        (["concordance", SG.id, PH.id, "--out", "table.odt"], "no such kind of table"),
        (["concordance", SG.id, PH.id, "--import", "none.csv"], "need a name"),
        (["concordance", SG.id, PH.id, "--import", "none.csv", "--name", "A"], "No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(run: Run, arguments: list[str], said: str) -> None:
    ran = run(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert "Traceback" not in ran.err
