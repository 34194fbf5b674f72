from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from desk_site import HOSTILE, SCRIPTS, amended, corresponding, indexed
from docx import Document
from docx.oxml.ns import qn
from fastapi.testclient import TestClient
from laws import ID, PH, SG, TH
from madeup import EVIL
from openpyxl import load_workbook
from test_pages import Strict, text_of

from lawsearch.api import create_app
from lawsearch.edge import HEADERS
from lawsearch.embedding import Models
from lawsearch.export import COLUMNS
from lawsearch.intake import read_csv
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.spreadsheet import guarded, unguarded
from lawsearch.tables import NOTE, Tables
from lawsearch.typesetting import by_script

FIVE, SIX, NINE = (f"{SG.id}/en/~sec_{n}" for n in (5, 6, 9))
THERE, TEN = f"{PH.id}/en/~sec_5", f"{PH.id}/en/~sec_10"
SIDES = {"pivot": SG.id, "other": [PH.id, TH.id]}
HOSTILE_SIDES = {"pivot": HOSTILE.id, "other": [SG.id, f"{SCRIPTS.id}/lo", f"{SCRIPTS.id}/km", f"{SCRIPTS.id}/my"]}
TOKEN = "a-token-of-sixteen-characters-or-more"
LOCAL = "http://localhost"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, built: Settings, models: Models) -> Iterator[Searcher]:
    searcher = indexed(tmp_path_factory.mktemp("desk"), built, models)
    yield searcher
    searcher.generation.close()


@pytest.fixture(autouse=True)
def _sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tables, "of", corresponding)


@pytest.fixture
def client(made: Searcher, tmp_path: Path) -> Iterator[TestClient]:
    """A server on this machine without a token, its desk empty."""
    yield from served(made, tmp_path)


def served(made: Searcher, folder: Any, **given: Any) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(index_dir=folder, **given), made), base_url=LOCAL) as client:
        yield client


def decision(**given: str) -> dict[str, str]:
    return {"source": FIVE, "other": PH.id, "suggested": THERE, "verdict": "confirmed", "name": "A. Drafter", **given}


def row(client: TestClient, source: str, suggested: str, **sides: Any) -> dict[str, Any]:
    found = client.get("/api/concordance", params=SIDES | sides).json()
    return next(
        r for t in found["tables"] for r in t["rows"] if (r["source_id"], r["suggested"]) == (source, suggested)
    )


# -- correspondence -------------------------------------------------------------------------------------------------


def test_alignment_by_the_api_in_json_and_csv(client: TestClient) -> None:
    found = client.get("/api/align", params={"source": SG.id, "target": PH.id}).json()
    (table,) = found["tables"]
    assert [(r["source"]["number"], r["target"]["number"], r["grade"]) for r in table["rows"]] == [
        ("5", "5", "corresponds"), ("6", "10", "partly"),
    ]  # fmt: skip
    assert table["rows"][1]["why"].startswith("among the best matches of the first; number 3 of the second")
    assert {u["number"] for u in table["unmatched"]} == {"1", "7", "8", "9"}
    assert {u["number"] for u in table["other_unmatched"]} == {"3", "11", "12"}
    response = client.get("/api/align.csv", params={"source": SG.id, "target": PH.id})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 2 + 4 + 3
    assert {r["grade"] for r in rows} == {"corresponds", "partly", "none"}
    assert all(r["note"] == NOTE and r["generation"] == found["generation"] for r in rows)


def test_one_against_all(client: TestClient) -> None:
    found = client.get("/api/align", params={"source": SG.id}).json()
    assert {t["target"]["instrument"]["id"] for t in found["tables"]} >= {PH.id, ID.id, TH.id, HOSTILE.id}
    assert SG.id not in {t["target"]["instrument"]["id"] for t in found["tables"]}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/align?source=/akn/xx/act/1", 404),
        ("/api/align", 422),
        (f"/api/align?source={SG.id}&target={SG.id}", 422),
        (f"/api/concordance?pivot={SG.id}", 422),
        (f"/api/concordance?pivot={SG.id}&other={SG.id}", 422),
        (f"/api/concordance?pivot={SG.id}&other=/akn/xx/act/1", 404),
        (f"/api/concordance.docx?pivot={SG.id}&other={PH.id}&colour=red", 422),
        ("/api/workspaces/none", 404),
    ],
)
def test_wrong_requests_are_problems(client: TestClient, address: str, status: int) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["remedy"]


# -- decisions ------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_with_name_and_time(client: TestClient) -> None:
    before = row(client, FIVE, THERE)
    assert (before["state"], before["status"], before["name"]) == ("open", "full", "")
    said = client.post("/api/decisions", json=decision(status="partial", comment="ต่างกัน")).json()
    assert said["time"].endswith("+00:00")
    after = row(client, FIVE, THERE)
    assert (after["state"], after["status"], after["comment"], after["name"]) == (
        "confirmed", "partial", "ต่างกัน", "A. Drafter",
    )  # fmt: skip
    client.post("/api/decisions", json=decision(verdict="open"))
    assert row(client, FIVE, THERE)["state"] == "open"
    history = client.get("/api/decisions", params={"pivot": SG.id, "other": PH.id}).json()["decisions"]
    assert [d["verdict"] for d in history] == ["confirmed", "open"]
    (tally,) = client.get("/api/concordances").json()["tables"]
    assert (tally["pivot"], tally["other"], tally["decisions"]) == (f"{SG.id}/en", f"{PH.id}/en", 0)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"verdict": "perhaps"}, 422),
        ({"status": "half"}, 422),
        ({"name": ""}, 422),
        ({"name": "   "}, 422),
        ({"source": SG.id, "verdict": "open"}, 422),
        ({"suggested": "something"}, 422),
        ({"suggested": NINE}, 422),
        ({"status": "none"}, 422),
        ({"comment": "x" * 4001}, 422),
        ({"colour": "red"}, 422),
        ({"verdict": "corrected"}, 422),
        ({"verdict": "corrected", "corresponding": SIX}, 422),
        ({"verdict": "rejected", "suggested": ""}, 422),
        ({"suggested": "", "status": "full"}, 422),
        ({"corresponding": TEN}, 422),
        ({"other": SG.id}, 422),
        ({"source": f"{SG.id}/en/~sec_99"}, 404),
        ({"suggested": f"{PH.id}/en/~sec_99"}, 404),
        ({"other": "/akn/xx/act/1"}, 404),
    ],
)
def test_a_wrong_decision_is_refused(client: TestClient, given: dict[str, str], status: int) -> None:
    response = client.post("/api/decisions", json=decision(**given))
    assert response.status_code == status, response.text
    assert client.get("/api/concordances").json() == {"tables": []}


def test_decisions_outlive_a_new_index_and_turn_suspect_where_the_text_changed(
    client: TestClient, tmp_path: Path, built: Settings, models: Models
) -> None:
    for given in ({}, {"source": SIX, "suggested": TEN}, {"source": NINE, "suggested": "", "status": "none"}):
        assert client.post("/api/decisions", json=decision(**given)).status_code == 200
    searcher = indexed(tmp_path / "later", built, models, amended())
    with TestClient(create_app(client.app.state.service.settings, searcher), base_url=LOCAL) as renewed:
        assert row(renewed, FIVE, THERE)["suspect"] == ["the provision reads otherwise now"]
        assert row(renewed, SIX, TEN)["state"] == "confirmed"
        gone = row(renewed, NINE, "")
        assert (gone["source"], gone["state"]) == (None, "suspect")
        html = renewed.get("/concordance", params={**SIDES, "show": "suspect"}).text
        assert "The provision reads otherwise now." in html
        assert TEN not in html
        word = Document(io.BytesIO(renewed.get("/api/concordance.docx", params=SIDES).content))
        assert "To be looked at again: the provision reads otherwise now." in _cells(word)
    searcher.generation.close()


def test_what_is_only_read_back_or_commented_stays_suspect(
    client: TestClient, tmp_path: Path, built: Settings, models: Models
) -> None:
    for given in ({}, {"source": SIX, "suggested": TEN}):
        client.post("/api/decisions", json=decision(**given))
    searcher = indexed(tmp_path / "later", built, models, amended())
    with TestClient(create_app(client.app.state.service.settings, searcher), base_url=LOCAL) as renewed:
        data = renewed.get("/api/concordance.csv", params=SIDES).content
        read = renewed.post("/api/concordance/import", params={"name": "C"}, content=data).json()
        assert (read["recorded"], read["unchanged"], read["refused"]) == (0, 2, [])
        form = {"source": FIVE, "other": f"{PH.id}/en", "suggested": THERE, "present": "confirmed", "name": "B"}
        renewed.post("/concordance/decide", data=form | {"verdict": "comment", "status": "full", "comment": "seen"})
        found = row(renewed, FIVE, THERE)
        assert (found["state"], found["comment"], found["name"]) == ("suspect", "seen", "B")
        renewed.post("/concordance/decide", data=form | {"verdict": "confirmed", "comment": "seen"})
        assert row(renewed, FIVE, THERE)["state"] == "confirmed"
    searcher.generation.close()


def test_a_rejection_that_must_be_looked_at_again_is_in_word(
    client: TestClient, tmp_path: Path, built: Settings, models: Models
) -> None:
    client.post("/api/decisions", json=decision(verdict="rejected", name="Q. Other"))
    assert "rejected by Q. Other" not in _word(client)
    searcher = indexed(tmp_path / "later", built, models, amended())
    with TestClient(create_app(client.app.state.service.settings, searcher), base_url=LOCAL) as renewed:
        assert "rejected by Q. Other" in _word(renewed)
    searcher.generation.close()


def _word(client: TestClient) -> str:
    return _cells(Document(io.BytesIO(client.get("/api/concordance.docx", params=SIDES).content)))


def test_a_suggestion_may_be_named_in_short(client: TestClient) -> None:
    said = client.post("/api/decisions", json=decision(suggested=f"{PH.id}/~sec_5")).json()
    assert said["suggested"] == said["corresponding"] == THERE


def _cells(document: Any) -> str:
    return "\n".join(c.text for t in document.tables for r in t.rows for c in r.cells)


# -- exports --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", "=1", "'=1", "'a", "''=1", "-", "@x", "+1", "\tx"])
def test_guarding_a_cell_is_undone(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("en", "")]),
        ("Section 5", [("en", "Section 5")]),
        ("PDPA (TH) มาตรา ๓๗", [("en", "PDPA (TH) "), ("th", "มาตรา ๓๗")]),
        ("ມາດຕາ 5, ວັກ 2 of it", [("lo", "ມາດຕາ 5, ວັກ"), ("en", " 2 of it")]),
        ("មាត្រា១ ပုဒ်မ ၂", [("km", "មាត្រា១"), ("en", " "), ("my", "ပုဒ်မ ၂")]),
    ],
)
def test_a_text_is_set_script_by_script(text: str, expected: list[tuple[str, str]]) -> None:
    assert by_script(text, "en") == expected


def test_word(client: TestClient) -> None:
    client.post("/api/decisions", json=decision(comment="The hour differs."))
    client.post("/api/decisions", json=decision(source=SIX, suggested=TEN, verdict="rejected"))
    response = client.get("/api/concordance.docx", params=SIDES)
    assert response.headers["content-disposition"] == 'attachment; filename="concordance-sg-act-2041-3-en.docx"'
    document = Document(io.BytesIO(response.content))
    section = document.sections[0]
    assert section.page_width > section.page_height
    first, second = document.tables
    assert [c.text for c in first.rows[0].cells][:3] == ["Article", "Text", "Corresponding article"]
    assert first.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    text = "\n".join(c.text for r in first.rows for c in r.cells)
    assert "LKA 2041 (SG) s 5" in text
    assert "The hour differs." in text
    assert "confirmed by A. Drafter" in text
    assert "Lamps Act of 2043 · English · binding · repealed" in text
    assert "reported to the Bureau" not in text, "rejected"
    everything = text + "\n".join(p.text for p in document.paragraphs) + section.footer.paragraphs[0].text
    assert NOTE in everything
    assert "พระราชบัญญัติตะเกียง" in everything
    thai = next(r for row in second.rows for c in row.cells for p in c.paragraphs for r in p.runs if "ผู้ดูแล" in r.text)
    assert thai._r.rPr.rFonts.get(qn("w:cs")) == "Leelawadee UI"
    assert thai._r.rPr.find(qn("w:lang")).get(qn("w:bidi")) == "th-TH"
    assert thai._r.rPr.find(qn("w:cs")) is not None


def test_word_in_every_script_and_with_hostile_texts(client: TestClient) -> None:
    response = client.get("/api/concordance.docx", params=HOSTILE_SIDES)
    document = Document(io.BytesIO(response.content))
    text = "\n".join(c.text for t in document.tables for r in t.rows for c in r.cells)
    assert EVIL in text
    for script in ("ໂຄມໄຟ", "ចង្កៀង", "မီးအိမ်"):
        assert script in text
    bidi = {e.get(qn("w:bidi")) for e in document.element.body.iter(qn("w:lang"))}
    assert {"lo-LA", "km-KH", "my-MM"} <= bidi


def test_excel_computes_nothing(client: TestClient) -> None:
    client.post("/api/decisions", json=decision(source=f"{HOSTILE.id}/en/~sec_2", other=SG.id,
                                                suggested=NINE, comment="=1+1"))  # fmt: skip
    book = load_workbook(io.BytesIO(client.get("/api/concordance.xlsx", params=HOSTILE_SIDES).content))
    sheet = book.active
    assert [c.value for c in sheet[1]] == list(COLUMNS)
    assert sheet.freeze_panes == "C2"
    cells = [c for line in sheet.iter_rows(min_row=2) for c in line if c.value is not None]
    assert {c.data_type for c in cells} <= {"s", "n"}
    values = [c.value for c in cells]
    assert "=1+1" in values
    assert any("ចង្កៀង" in str(v) for v in values)
    assert NOTE in values


def test_csv_goes_out_is_edited_and_comes_back(client: TestClient) -> None:
    rows = list(
        csv.DictReader(io.StringIO(client.get("/api/concordance.csv", params=SIDES).content.decode("utf-8-sig")))
    )
    assert list(rows[0]) == list(COLUMNS)
    mine = {(r["pivot_id"], r["other"]): r for r in rows}
    mine[FIVE, f"{PH.id}/en"].update(decision="Confirmed", status="partial", comment="=ตาม")
    mine[SIX, f"{PH.id}/en"].update(corresponding_id=THERE)
    mine[NINE, f"{PH.id}/en"].update(decision="confirmed", status="not applicable")
    mine[NINE, f"{TH.id}/th"].update(decision="maybe")
    mine[SIX, f"{TH.id}/th"].update(decision="confirmed", pivot_id=f"{SG.id}/en/~sec_99")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    read = client.post(
        "/api/concordance/import", params={"name": "B"}, content=out.getvalue().encode("utf-8-sig"),
        headers={"Content-Type": "text/csv"},
    ).json()  # fmt: skip
    assert read["recorded"] == 3
    assert {("none of" in r["problem"], "no provision" in r["problem"]) for r in read["refused"]} == {
        (True, False), (False, True),
    }  # fmt: skip
    assert row(client, FIVE, THERE)["comment"] == "=ตาม"
    assert (row(client, SIX, TEN)["verdict"], row(client, SIX, TEN)["corresponding_id"]) == ("corrected", THERE)
    assert row(client, NINE, "")["status"] == "not applicable"
    again = client.get("/api/concordance.csv", params=SIDES).content
    read = client.post("/api/concordance/import", params={"name": "C"}, content=again).json()
    assert (read["recorded"], read["unchanged"], read["refused"]) == (0, 3, [])


def _edited(client: TestClient, source: str, **cells: str) -> bytes:
    """The table as a file, its first row of ``source`` edited."""
    data = client.get("/api/concordance.csv", params=SIDES).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data)))
    next(r for r in rows if r["pivot_id"] == source).update(cells)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("decided_before", [False, True])
def test_a_file_that_is_behind_overwrites_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, decided_before: bool
) -> None:
    if decided_before:
        client.post("/api/decisions", json=decision(comment="old"))
    data = _edited(client, FIVE, decision="rejected")
    monkeypatch.setattr("lawsearch.verdicts.now", lambda: "2999-01-01T00:00:00+00:00")
    client.post("/api/decisions", json=decision(status="partial", comment="newer"))
    read = client.post("/api/concordance/import", params={"name": "B"}, content=data).json()
    assert read["recorded"] == 0
    assert [r["problem"] for r in read["refused"]] == ["somebody decided on it since this file was made"]
    assert row(client, FIVE, THERE)["comment"] == "newer"
    older = data.replace(b"time", b"when", 1)
    assert client.post("/api/concordance/import", params={"name": "B"}, content=older).json()["recorded"] == 1


@pytest.mark.parametrize("cells", [{"comment": "c"}, {"status": "partial"}])
def test_a_comment_without_a_decision_is_named(client: TestClient, cells: dict[str, str]) -> None:
    read = client.post("/api/concordance/import", params={"name": "B"}, content=_edited(client, FIVE, **cells)).json()
    assert (read["recorded"], len(read["refused"])) == (0, 1)
    assert "write open as decision" in read["refused"][0]["problem"]
    data = _edited(client, FIVE, decision="open", **cells)
    read = client.post("/api/concordance/import", params={"name": "B"}, content=data).json()
    assert (read["recorded"], read["refused"]) == (1, [])
    data = client.get("/api/concordance.csv", params=SIDES).content
    read = client.post("/api/concordance/import", params={"name": "B"}, content=data).json()
    assert (read["recorded"], read["refused"]) == (0, [])


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "no column"), (b"a,b\r\n1,2", "no column"), ("pivot_id;ä".encode("latin-1"), "not UTF-8")],
)
def test_a_file_that_is_no_such_table(client: TestClient, data: bytes, said: str) -> None:
    response = client.post("/api/concordance/import", params={"name": "B"}, content=data or b"\n")
    assert response.status_code == 422
    assert said in response.json()["detail"]


def test_a_large_table_may_come_back_but_not_any_size(client: TestClient) -> None:
    line = b"x" * 400_000
    assert client.post("/api/concordance/import", params={"name": "B"}, content=line).status_code == 422
    assert client.post("/api/decisions", content=line).status_code == 413
    assert client.post("/api/concordance/import", params={"name": "B"}, content=b"x" * 8_000_001).status_code == 413


def test_lines_are_numbered_as_an_editor_does() -> None:
    text = "pivot_id,other,suggested_id,corresponding_id,status,decision,comment\na,b,c,c,,,\na,b,c,,,corrected,x\n"
    (line,) = read_csv(text.encode(), "N")
    assert (line.number, line.decision) == (3, None)


# -- pages ----------------------------------------------------------------------------------------------------------

PAGES = [
    "/concordance", f"/concordance?{urlencode(SIDES, True)}", f"/concordance?{urlencode(HOSTILE_SIDES, True)}",
    f"/concordance?{urlencode(SIDES, True)}&show=open&texts=whole", f"/concordance?pivot={SG.id}",
    f"/correspondence?source={SG.id}&target={PH.id}&grade=corresponds", f"/correspondence?source={HOSTILE.id}",
    "/workspaces", f"/keep?id={FIVE}&id={HOSTILE.id}/en/~sec_1", "/keep", "/enter?next=//evil.example",
    "/workspaces/sheet",
]  # fmt: skip


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_whole_and_safe(client: TestClient, address: str, signed: bool) -> None:
    client.post("/api/decisions", json=decision(comment=EVIL, name=EVIL))
    client.post("/api/workspaces", json={"title": "Sheet", "name": EVIL})
    kept = {"ids": [f"{HOSTILE.id}/~sec_1", f"{SCRIPTS.id}/km/~sec_១"], "note": EVIL, "name": EVIL}
    assert client.post("/api/workspaces/sheet/provisions", json=kept).status_code == 200
    if signed:
        client.post("/sign", data={"name": EVIL})
    response = client.get(address)
    assert response.status_code == 200
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    page = Strict(response.text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert "img" not in tags
    assert [a for tag, a in page.tags if tag == "script"] == [{"src": "/static/app.js", "defer": None}]
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href", "action", "formaction"):
            value = attributes.get(name) or ""
            assert not value or value.startswith(("/", "#")), value
            assert not value.startswith("//"), value
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    labelled = [a for tag, a in page.tags if tag == "button"]
    assert all(a.get("type") == "submit" for a in labelled)
    assert "<script>alert" not in response.text


def test_a_row_is_decided_on_its_page(client: TestClient) -> None:
    address = f"/concordance?{urlencode(SIDES, True)}"
    assert "say your name first" in client.get(address).text
    client.post("/sign", data={"name": "  A.\tDrafter ", "next": address})
    state = urlencode(SIDES, True)
    form = {"source": FIVE, "other": f"{PH.id}/en", "suggested": THERE, "state": state}
    response = client.post("/concordance/decide", data=form | {"verdict": "confirmed"}, follow_redirects=False)
    assert response.status_code == 303
    place = response.headers["location"].partition("#")[2]
    html = client.get(response.headers["location"]).text
    assert f'id="{place}" class="confirmed"' in html
    assert "A. Drafter" in text_of(html)
    given = {"verdict": "comment", "present": "confirmed", "status": "partial", "comment": "one\r\ntwo"}
    client.post("/concordance/decide", data=form | given)
    found = row(client, FIVE, THERE)
    assert (found["verdict"], found["status"], found["comment"]) == ("confirmed", "partial", "one\ntwo")
    client.post("/concordance/decide", data=form | {"verdict": "corrected", "corresponding": "10"})
    assert row(client, FIVE, THERE)["corresponding_id"] == TEN
    client.post("/concordance/decide", data=form | {"verdict": "added", "corresponding": "Section 12"})
    assert row(client, FIVE, f"{PH.id}/en/~sec_12")["verdict"] == "confirmed"
    client.post("/concordance/decide", data=form | {"verdict": "open"})
    assert row(client, FIVE, THERE)["verdict"] == "open"


def test_a_bare_verdict_does_not_carry_the_former_status(client: TestClient) -> None:
    client.post("/sign", data={"name": "A"})
    form = {"source": FIVE, "other": f"{PH.id}/en", "suggested": THERE}
    for former, verdict, status in (
        ("full", "rejected", "none"), ("none", "confirmed", "full"), ("partial", "open", "full"),
    ):  # fmt: skip
        client.post("/concordance/decide", data=form | {"verdict": verdict, "status": former})
        assert (row(client, FIVE, THERE)["verdict"], row(client, FIVE, THERE)["status"]) == (verdict, status)
    nothing = {"source": NINE, "other": f"{PH.id}/en", "suggested": "", "status": "none", "corresponding": "10"}
    client.post("/concordance/decide", data=nothing | {"verdict": "corrected"})
    assert row(client, NINE, "")["status"] == "partial"


def test_a_comment_does_not_undo_what_was_decided_meanwhile(client: TestClient) -> None:
    client.post("/api/decisions", json=decision(status="partial"))
    form = {"source": FIVE, "other": f"{PH.id}/en", "suggested": THERE, "present": "open", "status": "", "name": "B"}
    client.post("/concordance/decide", data=form | {"verdict": "comment", "comment": "c"})
    found = row(client, FIVE, THERE)
    assert (found["verdict"], found["status"], found["comment"]) == ("confirmed", "partial", "c")


def test_too_much_and_nothing_are_refused(client: TestClient) -> None:
    many = "&".join(f"id={n}" for n in range(1001))
    response = client.post("/keep", content=many, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == 422
    assert client.get(f"/keep?{'&'.join(f'id={n}' for n in range(201))}").status_code == 422
    assert client.post("/api/workspaces", json={"title": "Sheet", "name": "  "}).status_code == 422
    assert client.post("/api/concordance/import", params={"name": " "}, content=b"x").status_code == 422


@pytest.mark.parametrize(("typed", "status"), [("", 422), ("99", 404), (SIX, 422)])
def test_a_wrong_correction_is_a_page_that_says_so(client: TestClient, typed: str, status: int) -> None:
    client.post("/sign", data={"name": "A"})
    form = {"source": FIVE, "other": f"{PH.id}/en", "suggested": THERE, "verdict": "corrected", "corresponding": typed}
    response = client.post("/concordance/decide", data=form)
    assert response.status_code == status
    assert "What to do" in response.text


def test_a_csv_comes_back_by_the_page(client: TestClient) -> None:
    client.post("/sign", data={"name": "A"})
    data = client.get("/api/concordance.csv", params=SIDES).content.replace(b",full,,", b",full,confirmed,", 1)
    state = urlencode(SIDES, True)
    files = {"file": ("t.csv", data, "text/csv")}
    response = client.post("/concordance/import", data={"state": state}, files=files)
    assert "1 decision recorded; 0 stood so already; 0 rows refused." in text_of(response.text)
    assert row(client, FIVE, THERE)["verdict"] == "confirmed"
    assert client.post("/concordance/import", content=b"x", headers={"Content-Type": EVIL[:20]}).status_code == 422


def test_workspaces_by_api_and_pages(client: TestClient) -> None:
    response = client.post(
        "/keep", data={"id": [FIVE, f"{PH.id}/~sec_10"], "title": "Erste Lesung", "note": "n", "name": "A"},
        follow_redirects=False,
    )  # fmt: skip
    assert response.headers["location"] == "/workspaces/erste-lesung"
    found = client.get("/api/workspaces/erste-lesung").json()
    assert [k["id"] for k in found["kept"]] == [FIVE, TEN]
    assert not any(k["changed"] for k in found["kept"])
    html = client.get("/workspaces/erste-lesung").text
    assert "keep it lit until sunrise" in html
    client.post("/keep", data={"id": f"{SIX}\r\n\r\n{NINE}", "workspace": "erste-lesung", "name": "A"})
    client.post("/workspaces/erste-lesung/drop", data={"id": FIVE})
    listed = client.get("/api/workspaces").json()["workspaces"]
    assert [(w["id"], w["provisions"]) for w in listed] == [("erste-lesung", 3)]
    left = client.delete("/api/workspaces/erste-lesung/provisions", params={"provision": SIX}).json()
    assert [k["id"] for k in left["kept"]] == [TEN, NINE]
    assert client.post("/keep", data={"id": "/akn/xx/~1", "workspace": "erste-lesung", "name": "A"}).status_code == 404
    assert client.post("/keep", data={"workspace": "erste-lesung", "name": "A"}).status_code == 422
    assert client.post("/keep", data={"id": FIVE, "workspace": "none", "name": "A"}).status_code == 404
    assert client.post("/workspaces/erste-lesung/remove", follow_redirects=False).status_code == 303
    assert client.delete("/api/workspaces/erste-lesung").status_code == 404


# -- who may --------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded_client(made: Searcher, tmp_path: Path) -> Iterator[TestClient]:
    yield from served(made, tmp_path, token=TOKEN, host="0.0.0.0")


BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        (BEARER, 200),
        (BEARER | {"Sec-Fetch-Site": "same-origin"}, 200),
        (BEARER | {"Sec-Fetch-Site": "cross-site"}, 403),
        (BEARER | {"Sec-Fetch-Site": "same-site"}, 403),
        (BEARER | {"Origin": "http://evil.example"}, 403),
        (BEARER | {"Origin": "null"}, 403),
        (BEARER | {"Origin": LOCAL}, 200),
        ({"Cookie": "lawsearch_entered=x", "Origin": LOCAL}, 401),
    ],
)
def test_writing_needs_the_token_and_the_same_site(
    guarded_client: TestClient, headers: dict[str, str], status: int
) -> None:
    response = guarded_client.post("/api/decisions", json=decision(), headers=headers)
    assert response.status_code == status, response.text
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in response.text
    assert guarded_client.get("/api/concordance", params=SIDES).status_code == 200


def test_every_route_that_writes_is_guarded(guarded_client: TestClient) -> None:
    schema = guarded_client.get("/api/openapi.json").json()
    writing = [(m, p) for p, ms in schema["paths"].items() for m in ms if m != "get" and p != "/api/counterparts"]
    assert len(writing) >= 6
    forms = [
        "/sign",
        "/keep",
        "/concordance/decide",
        "/concordance/import",
        "/workspaces/x/drop",
        "/workspaces/x/remove",
    ]
    for method, path in [*writing, *(("post", p) for p in forms)]:
        address = path.replace("{id}", "x")
        assert guarded_client.request(method, address).status_code == 401, path
        crossed = guarded_client.request(method, address, headers=BEARER | {"Sec-Fetch-Site": "cross-site"})
        assert crossed.status_code == 403, path


def test_the_token_is_entered_once_in_a_browser(guarded_client: TestClient) -> None:
    page = guarded_client.get("/concordance", params=SIDES).text
    assert "Enter the token" in page
    assert 'name="verdict"' not in page
    wrong = guarded_client.post("/enter", data={"token": "wrong", "next": "/workspaces"})
    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    assert guarded_client.post("/enter", data={"token": TOKEN}, headers={"Origin": "http://evil"}).status_code == 403
    right = guarded_client.post("/enter", data={"token": TOKEN, "next": "//evil.example"}, follow_redirects=False)
    assert right.headers["location"] == "/"
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    form = {"title": "Mine", "name": "A"}
    assert guarded_client.post("/keep", data=form).status_code == 403, "a cookie without any word of the sender"
    same = {"Sec-Fetch-Site": "same-origin"}
    assert guarded_client.post("/keep", data=form, headers=same).status_code == 200
    guarded_client.post("/leave", headers=same)
    assert guarded_client.post("/keep", data={"title": "More", "name": "A"}, headers=same).status_code == 401


def test_reading_may_need_the_token_too(made: Searcher, tmp_path: Path) -> None:
    for client in served(made, tmp_path, token=TOKEN, open_reading=False):
        for address in ("/api/instruments", f"/api/concordance.csv?{urlencode(SIDES, True)}", "/api/workspaces"):
            assert client.get(address).status_code == 401
            assert client.get(address, headers=BEARER).status_code == 200
        page = client.get("/workspaces", follow_redirects=False)
        assert page.headers["location"] == "/enter?next=%2Fworkspaces"
        assert client.get("/enter").status_code == client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("given", "host", "status"),
    [
        ({}, "localhost", 200),
        ({}, "127.0.0.1:8000", 200),
        ({}, "[::1]:8000", 200),
        ({}, "evil.example", 421),
        ({"host": "0.0.0.0"}, "localhost", 403),
        ({"host": "::"}, "localhost", 403),
        ({"token": TOKEN}, "localhost", 401),
    ],
)
def test_without_a_token_only_this_machine_writes(
    made: Searcher, tmp_path: Path, given: dict[str, Any], host: str, status: int
) -> None:
    for client in served(made, tmp_path, **given):
        assert client.post("/api/decisions", json=decision(), headers={"Host": host}).status_code == status


def test_a_token_is_no_part_of_what_is_shown() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))
    assert TOKEN not in json.dumps(Settings(token=TOKEN).model_dump(), default=str)
