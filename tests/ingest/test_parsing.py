"""The whole chain: PDF in, expressions out."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import pdf, typed

from ingest.description import _stem
from ingest.parsing import as_json, parse
from lawsearch.catalogue import Catalogue, entry_from, load
from lawsearch.errors import MetadataError
from lawsearch.instrument import Instrument
from lawsearch.language import detect

ACT = """
REPUBLIC ACT NO. 12345
AN ACT ON LAMPS, APPROVED 2019
CHAPTER I
SECTION 1. Short Title. - This Act shall be known as the Lamp Act.
SEC. 2. Duties. - The keeper shall:
    (a) light the lamp at dusk; and
    (b) put it out at dawn.
SEC. 3. Effectivity. - This Act shall take effect at once.
"""


@pytest.fixture
def act(tmp_path: Path) -> Path:
    path = tmp_path / "lamp-act.pdf"
    path.write_bytes(pdf(typed(ACT)))
    return path


def test_provisions_have_addresses_citations_and_boxes(act: Path) -> None:
    (expression,) = parse(act)
    unit = next(p for p in expression.provisions if p.number == "2")
    assert (unit.label, unit.heading, unit.kind, unit.page) == ("Section 2", "Duties", "section", 1)
    part = next(p for p in expression.provisions if p.eid == "chp_I__sec_2__point_b")
    assert part.parent == unit.eid
    assert part.text == "put it out at dawn."
    assert part.citation.endswith("(PH) s 2(b)")
    assert unit.boxes[0].y0 < unit.boxes[0].y1
    assert expression.language == "en"


def test_nothing_is_defaulted(act: Path) -> None:
    (expression,) = parse(act)
    known = expression.instrument
    assert known.jurisdiction == "ph"
    assert (known.status, known.force, known.enacted, known.commenced) == ("unknown", "unknown", "", "")


def test_unknown_document_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "Some Notes.pdf"
    path.write_bytes(pdf(typed("Lamps are good to have.\nThey should be lit at night.")))
    (expression,) = parse(path)
    assert expression.instrument.id == "/akn/unknown/doc/some-notes"
    assert [p.number for p in expression.provisions] == ["page 1"]
    assert expression.report["flags"] == ["page-wise"]


@given(st.text(min_size=1))
def test_a_file_name_of_any_script_makes_an_identifier(name: str) -> None:
    found = _stem(name)
    assert Instrument(id=f"/akn/unknown/doc/{found}")
    assert found == _stem(unicodedata.normalize("NFD", name)) == _stem(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("one", "other"),
    [("กี", "กิ"), ("กฎ ก", "กฏ ก"), ("ໂຄມໄຟ", "ໂຄມໄຟ 2"), ("မီး", "မှီး"), ("விளக்கு", "விளக்கி"), ("🏮", "—")],
)
def test_file_names_that_differ_only_in_native_letters_make_two_identifiers(one: str, other: str) -> None:
    assert _stem(one) != _stem(other)


def test_a_file_with_a_thai_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ตะเกียง-2562.pdf"
    path.write_bytes(pdf(typed("Lamps are good to have.\nThey should be lit at night.")))
    (expression,) = parse(path)
    assert re.fullmatch("/akn/unknown/doc/2562-[0-9a-f]{8}", expression.instrument.id)
    assert expression.instrument.title == "ตะเกียง-2562"


def test_a_bill_that_quotes_another_language_is_of_its_own(tmp_path: Path) -> None:
    quoted = "\n".join(
        f"that each keeper of a lamp of the kind {n} must tell the Office of the lamp" for n in range(60)
    )
    path = tmp_path / "rang.pdf"
    path.write_bytes(
        pdf(
            typed(f"""
RANG UNDANG-UNDANG
Suatu Akta untuk meminda Akta Pelita 2001.
Tajuk ringkas
1. Akta ini bolehlah dinamakan Akta Pelita (Pindaan) 2044.
Pindaan seksyen 9
2. Akta Pelita 2001 dipinda dalam seksyen 9 dengan menggantikan perkataan yang berikut:
“the Office must
{quoted}
at night.”.
Pindaan seksyen 11
3. Akta Pelita 2001 dipinda dalam seksyen 11 dengan memotong perkataan itu.
""")
        )
    )
    (expression,) = parse(path)
    assert (expression.language, expression.report["family"]) == ("ms", "seksyen-ms")


def test_sidecar_wins_over_the_document(act: Path) -> None:
    act.with_suffix(".toml").write_text('id = "/akn/sg/act/2001/7"\nshort_title = "Lamps 2001"\njurisdiction = "sg"\n')
    (expression,) = parse(act)
    assert expression.provisions[1].citation == "Lamps 2001 (SG) s 1"
    act.with_suffix(".toml").write_text("colour = 3\n")
    with pytest.raises(MetadataError, match="colour"):
        parse(act)


def test_catalogue_recognises_by_the_opening(act: Path) -> None:
    entry = entry_from({"id": "/akn/ph/act/2019/12345", "recognise": [["Republic Act No. 12345"]]}, "test")
    (expression,) = parse(act, catalogue=Catalogue((entry,)))
    assert expression.instrument.id == "/akn/ph/act/2019/12345"
    assert expression.report["described_by"] == "catalogue"


def test_catalogue_in_the_repository_loads() -> None:
    catalogue = load(Path(__file__).parents[2] / "corpus" / "catalogue")
    assert len(catalogue.entries) > 20
    assert catalogue.named("/akn/sg/act/2012/26") is not None


def test_catalogue_rejects_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[instrument]]\nid = "/akn/sg/act/1/1"\nrecognise = ["x"]\n')
    with pytest.raises(MetadataError, match="recognise"):
        load(tmp_path)
    (tmp_path / "a.toml").write_text("no toml")
    with pytest.raises(MetadataError, match="not TOML"):
        load(tmp_path)


def test_report_counts_every_character(act: Path) -> None:
    (expression,) = parse(act)
    report = expression.report
    assert (report["expected"], report["found"], report["missing"]) == (3, 3, [])
    assert report["unassigned"] == 0
    json.dumps(as_json((expression,)))


def test_same_result_whatever_was_parsed_before(act: Path, tmp_path: Path) -> None:
    before = [p.id for p in parse(act)[0].provisions]
    other = tmp_path / "other.pdf"
    other.write_bytes(pdf(typed("Lamps are good to have.\nThey should be lit at night.")))
    parse(other)
    assert [p.id for p in parse(act)[0].provisions] == before


@pytest.mark.parametrize(
    ("text", "jurisdiction", "code"),
    [
        ("Every keeper must light the lamp at dusk and in fog.", "", "en"),
        ("Setiap orang wajib menyalakan pelita sebagaimana dimaksud dalam ayat ini karena gelap.", "", "id"),
        ("Penjaga hendaklah menyalakan pelita kerana gelap mengikut seksyen ini.", "", "ms"),
        ("Ema hotu iha direitu atu sunu lampu tuir lei ida ne'e, no sira tenki hamate.", "", "tet"),
        ("Mọi người phải thắp đèn khi trời tối theo quy định của Luật này.", "", "vi"),
        ("ผู้ดูแลต้องจุดโคม", "", "th"),
        ("123", "", "unknown"),
    ],
)
def test_language(text: str, jurisdiction: str, code: str) -> None:
    assert detect(text, jurisdiction) == code
