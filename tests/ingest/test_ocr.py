"""Pages without text: pictures in, lines with places and confidence out, or a clear error."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages import line, page, pdf, rows, typed
from scans import bound, dashes, pictures

from ingest import ocr
from ingest.extraction import _better, read
from ingest.furniture import catchword
from ingest.layout import lay_out
from ingest.numbering import any_heading, families, guesses
from ingest.page import Page, Row
from ingest.parsing import parse
from ingest.repair import doubt
from ingest.scan import strips
from ingest.voting import vote
from lawsearch.errors import DocumentError

installed = ocr.engine()
models = installed.models if installed else frozenset()
needs_tesseract = pytest.mark.skipif(installed is None, reason="tesseract is not installed")

ACT = """
REPUBLIC ACT NO. 12345
AN ACT ON LAMPS, APPROVED 2019
SECTION 1. Short Title. - This Act shall be known as the Lamp Act.
SECTION 2. Duties. - The keeper shall light the lamp at dusk; and
put it out at dawn.
SECTION 3. Effectivity. - This Act shall take effect at once.
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAWSEARCH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A page of English as a picture, a little askew."""
    path = tmp_path / "lamp-act.pdf"
    path.write_bytes(bound(pictures(pdf(typed(ACT)), slope=0.7)))
    return path


# -- the table ------------------------------------------------------------------------------------------------------


def test_every_model_has_a_package() -> None:
    known = ocr.table()
    assert {model for method in known.methods.values() for model in method.models} <= set(known.packages)


@pytest.mark.parametrize(
    ("language", "given", "right"),
    [
        ("lo", "ຫມູ່ ຫນຶ່ງ ນໍາ", "ໝູ່ ໜຶ່ງ ນຳ"),
        ("my", "သည်#", "သည်။"),
        ("my", "ဖြစ်စေ;", "ဖြစ်စေ၊"),
        ("my", "သူဇ်", "သူ၏"),
        ("my", "ပြုရှ် လာ", "ပြု၍ လာ"),
        ("my", "ဘင်္ဂလားဒေ့ရှ်", "ဘင်္ဂလားဒေ့ရှ်"),
        ("my", "ရာဇ၀င် ၁၀၀", "ရာဇဝင် ၁၀၀"),
        ("th", "(@) มาตรา @", "(๔) มาตรา ๔"),
        ("th", "name@example.com", "name@example.com"),
        ("en", "the lamp; and", "the lamp; and"),
    ],
)
def test_what_the_models_cannot_know_is_put_right(language: str, given: str, right: str) -> None:
    assert ocr.table().methods[language].corrected(given) == right


# -- lines out of pictures ------------------------------------------------------------------------------------------


def tops(picture: np.ndarray) -> list[tuple[int, int]]:
    """Top and left of each line in pixels at 100 dpi."""
    return [(round(s.y0 / 0.72), round(s.x0 / 0.72)) for s in strips(picture, 100)]


def test_lines_are_cut_out_in_order() -> None:
    found = tops(dashes([(100 + 40 * i, 100, 25) for i in range(8)]))
    assert found == [(100 + 40 * i, 100) for i in range(8)]


def test_an_empty_page_and_a_speckled_one_have_no_lines() -> None:
    assert strips(np.full((1100, 850), 250, np.uint8), 100) == []
    speckled = np.full((1100, 850), 250, np.uint8)
    speckled[::150, ::130] = 0
    assert strips(speckled, 100) == []


def test_marks_above_and_below_stay_with_their_line() -> None:
    picture = dashes([(100 + 44 * i, 100, 25) for i in range(8)])
    for i in range(8):
        picture[100 + 44 * i - 9 : 100 + 44 * i - 4, 102:640:22] = 20  # like tones above letters
        picture[100 + 44 * i + 19 : 100 + 44 * i + 24, 104:640:44] = 20  # like vowels below
    found = strips(picture, 100)
    assert len(found) == 8
    assert {round((s.y1 - s.y0) / 0.72) for s in found} == {33}


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [(100 + 40 * i, 60, 14) for i in range(8)]
    right = [(113 + 40 * i, 450, 14) for i in range(8)]
    assert tops(dashes([*left, *right])) == [(top, x) for top, x, _ in [*left, *right]]


def test_marginal_notes_are_apart_from_the_text() -> None:
    body = [(100 + 40 * i, 250, 22) for i in range(8)]
    note = [(106, 60, 5), (128, 60, 5)]
    assert set(tops(dashes([*body, *note]))) == {(top, x) for top, x, _ in [*body, *note]}


def test_rules_and_emblems_are_no_lines() -> None:
    picture = dashes([(300 + 40 * i, 100, 25) for i in range(6)])
    picture[100:200, 350:450] = 20
    picture[260:263, 100:700] = 20
    assert tops(picture) == [(300 + 40 * i, 100) for i in range(6)]


# -- numbers --------------------------------------------------------------------------------------------------------


def test_guesses_by_the_table() -> None:
    table = families()["matra-th"].misreadings
    assert {number for number, _ in guesses("๕", table)} == {"๔", "๘"}
    assert "๖" in {number for number, _ in guesses("๒๐", table)}
    assert [number for number, _ in guesses("ซ", table)] == ["๗"]
    assert guesses("กข", table) == []


def scanned(text: str) -> list[Row]:
    return [replace(row, line=replace(row.line, confidence=0.9)) for row in rows(text)]


THAI = "\n".join(
    f"มาตรา {n} ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืน" for n in ["๑", "๒", "๓", "๕", "๕", "๒", "ซ", "๕", "a", "๑๐", "๑๑"]
)


def test_the_sequence_settles_what_ocr_misread() -> None:
    found = vote(scanned(THAI), language="th")
    assert [c.number for c in found.chain] == ["๑", "๒", "๓", "๔", "๕", "๖", "๗", "๘", "๙", "๑๐", "๑๑"]


def test_text_that_the_file_carries_is_not_guessed_at() -> None:
    found = vote(rows(THAI), language="th")
    assert [c.number for c in found.chain] == ["๑", "๒", "๓", "๕", "๑๐", "๑๑"]


def test_a_heading_whose_number_was_not_read_follows_the_one_before() -> None:
    text = "\n".join(f"^အပိုဒ် {n}^\nလူတိုင်းသည် မီးအိမ်ကို ညစဉ် ထွန်းညှိရမည်။" for n in ("၁", "၂", "မျ", "၄"))
    assert [c.number for c in vote(scanned(text), language="my").chain] == ["၁", "၂", "၃", "၄"]


def test_catchword_whose_dots_were_lost() -> None:
    last = replace(line("Pasal 7 .", 800, 400), confidence=0.9)
    assert catchword(last, [line("- 6 -", 60), line("Pasal 7", 90)])
    assert not catchword(replace(last, confidence=None), [line("- 6 -", 60), line("Pasal 7", 90)])
    assert not catchword(last, [line("Pasal 8", 90)])


# -- which text is used -----------------------------------------------------------------------------------------------


def test_misread_latin_is_doubtful() -> None:
    assert doubt("PRESIDEN REPUBLIK INDONESIA, Pasal 10 ayat (1) tahun 2008") == 0
    assert doubt("PRESIDEN REPI.JBLIK INDONESIA, Pasal 1O ayat (l) tahun 2OO8") > 50


def test_ocr_replaces_a_layer_only_where_it_reads_better() -> None:
    bad = page(1, line("sebagaimana dimaksud pada ayat (l) tahun 2OO8", 100))
    good = page(1, replace(line("sebagaimana dimaksud pada ayat (1) tahun 2008", 100), confidence=0.95))
    assert _better(good, bad)
    assert not _better(replace(bad, lines=tuple(replace(x, confidence=0.95) for x in bad.lines)), good)
    unsure = replace(good, lines=tuple(replace(x, confidence=0.5) for x in good.lines))
    assert not _better(unsure, bad)
    assert not _better(Page(1, 595, 842, ()), bad)


# -- without tesseract ------------------------------------------------------------------------------------------------


def test_without_tesseract_the_error_says_what_to_install(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "engine", lambda: None)
    with pytest.raises(DocumentError, match="apt-get install tesseract-ocr") as caught:
        read(scan)
    assert caught.value.reason == "is image-only"


def test_without_tesseract_the_other_pages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pypdf

    monkeypatch.setattr(ocr, "engine", lambda: None)
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    first.write_bytes(pdf(typed(ACT)))
    second.write_bytes(bound([dashes([(100, 100, 20)])]))
    joined = pypdf.PdfWriter(clone_from=first)
    joined.append(second)
    joined.write(tmp_path / "both.pdf")
    reading = read(tmp_path / "both.pdf")
    assert reading.image_only == (2,)
    assert reading.scanned == ()
    assert reading.confidence is None


def test_a_missing_model_is_named(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "engine", lambda: ocr.Engine("tesseract", "5", frozenset({"eng"})))
    with pytest.raises(DocumentError, match="tesseract-ocr-lao"):
        read(scan, language="lo")


def fake(tmp_path: Path, script: str) -> ocr.Engine:
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return ocr.Engine(str(program), "0", frozenset({"eng"}))


def test_a_page_that_takes_too_long_is_named(scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(ocr.table(), seconds=0.2)
    monkeypatch.setattr(ocr, "engine", lambda: fake(tmp_path, "exec sleep 9"))
    monkeypatch.setattr(ocr, "table", lambda: quick)
    with pytest.raises(DocumentError, match=r"lamp-act\.pdf: page 1 took more than 0\.2 seconds"):
        read(scan, language="en")


def test_a_page_that_fails_is_named(scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "engine", lambda: fake(tmp_path, "echo out of paper >&2; exit 1"))
    with pytest.raises(DocumentError, match=r"page 1 could not be read \(out of paper\)"):
        read(scan, language="en")


# -- with tesseract ---------------------------------------------------------------------------------------------------


@needs_tesseract
def test_a_scan_is_parsed_and_the_report_says_so(scan: Path) -> None:
    (expression,) = parse(scan)
    units = [p for p in expression.provisions if p.kind == "section"]
    assert [(p.number, p.heading) for p in units] == [("1", "Short Title"), ("2", "Duties"), ("3", "Effectivity")]
    assert units[1].text == "The keeper shall light the lamp at dusk; and put it out at dawn."
    assert 70 < units[0].boxes[0].x0 < 76
    report = expression.report
    assert (report["ocr_pages"], report["ocr_share"], report["image_only_pages"]) == ([1], 1.0, [])
    assert 0.8 < float(str(report["ocr_confidence"])) <= 1
    assert "ocr" in report["flags"]


@needs_tesseract
def test_nothing_is_read_twice(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(scan)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(ocr.Reader, "_recognised", never)
    assert read(scan) == first


@needs_tesseract
def test_two_columns_whose_lines_are_not_level(tmp_path: Path) -> None:
    words = ["keepers", "of", "lamps", "shall", "trim", "every", "wick"]
    left = [(60.0, 80.0 + 15 * i, f"L{i} {' '.join(words[i % 3 : i % 3 + 5])}") for i in range(12)]
    right = [(330.0, 86.0 + 15 * i, f"R{i} {' '.join(words[i % 3 : i % 3 + 5])}") for i in range(12)]
    path = tmp_path / "columns.pdf"
    path.write_bytes(bound(pictures(pdf([[*left, *right]]))))
    flows = lay_out(read(path, language="en").pages, any_heading()).flows
    assert [row.text[:1] for flow in flows for row in flow] == ["L"] * 12 + ["R"] * 12


SCRIPTS = {
    "th": ("มาตรา {}", "๑๒๓", "ผู้ดูแลโคมไฟต้องจุดโคมในเวลาค่ำและดับโคมในเวลาเช้าทุกวัน", "Noto Sans Thai"),
    "lo": ("ມາດຕາ {}", "123", "ຜູ້ດູແລໂຄມໄຟຕ້ອງໄຕ້ໂຄມໃນຕອນແລງ ແລະ ດັບໂຄມໃນຕອນເຊົ້າ.", "Noto Sans Lao"),
    "km": ("មាត្រា {}", "១២៣", "អ្នកថែទាំចង្កៀងត្រូវបំភ្លឺចង្កៀងនៅពេលល្ងាច និងពន្លត់នៅពេលព្រឹក។", "Noto Sans Khmer"),
    "my": ("အပိုဒ် {}", "၁၂၃", "မီးအိမ်စောင့်သည် ညနေချိန်တွင် မီးထွန်းရမည်။", "Noto Sans Myanmar"),
    "vi": ("Điều {}.", "123", "Người giữ đèn phải thắp đèn khi trời tối và tắt đèn khi trời sáng.", "Noto Sans"),
}


@needs_tesseract
@pytest.mark.skipif(importlib.util.find_spec("weasyprint") is None, reason="WeasyPrint is not installed")
@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_told_and_read(language: str, tmp_path: Path) -> None:
    first = ocr.table().methods[language].models[0]
    if first not in models:
        pytest.skip(f"tesseract's model {first!r} is not installed")
    import weasyprint

    head, numbers, text, font = SCRIPTS[language]
    blocks = "".join(f"<h3>{head.format(n)}</h3><p>{text} {text}</p>" for n in numbers)
    style = f"body {{ font: 14pt/1.7 '{font}' }} h3 {{ text-align: center; font-size: 14pt }}"
    made = weasyprint.HTML(string=f"<style>{style}</style>{blocks}").write_pdf()
    path = tmp_path / "scan.pdf"
    path.write_bytes(bound(pictures(made, slope=-0.4)))
    (expression,) = parse(path)
    assert expression.language == language
    assert [p.number for p in expression.provisions if p.is_unit and p.number] == list(numbers)


@pytest.mark.parametrize("what", ["rule", "picture", "black"])
def test_a_page_with_ink_and_no_text_has_no_lines(what: str) -> None:
    page = np.full((2200, 1700), 255, np.uint8)
    if what == "rule":
        page[1000:1004, 100:1600] = 0
    elif what == "picture":
        page[300:1900, 200:1500] = np.random.default_rng(1).integers(0, 120, (1600, 1300), np.uint8)
    else:
        page[:] = 0
    assert strips(page, 200) == []
