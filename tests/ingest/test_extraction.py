"""Files in, readings or clear errors out."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pytest
from pages import pdf, typed

from ingest.extraction import _LEVEL, _Run, read
from ingest.repair import anomaly, repaired
from lawsearch.errors import DocumentError

ACT = """
**LAMPS ACT 2001**
An Act to regulate the keeping of lamps.
**Short title**
1. This Act is the Lamps Act 2001.
**Duty to light**
2. A keeper must light the lamp at dusk.
**Penalty**
3. A keeper who fails is liable to a fine.
"""


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_lines_carry_text_place_size_and_weight(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "a.pdf", pdf(typed(ACT))))
    title, long_title = reading.pages[0].lines[:2]
    assert (title.text, title.bold, title.size, title.page) == ("LAMPS ACT 2001", True, 11.0, 1)
    assert not long_title.bold
    assert 70 < long_title.x0 < 74
    assert title.y0 < long_title.y0
    assert reading.extractors == ("pdfium",)
    assert reading.anomaly == 0


def test_small_type_right_after_a_hyphen_has_its_own_size(tmp_path: Path) -> None:
    texts = [(170, 500, "together with a fee that is non-"), (74, 300, "Application for lamps", 8.0)]
    _, note = read(write(tmp_path / "a.pdf", pdf([texts]))).pages[0].lines
    assert (note.text, note.size) == ("Application for lamps", 8.0)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.pdf", b"", "is empty"),
        ("note.pdf", b"this is a note, not a law", "is not a PDF"),
        ("cut.pdf", pdf(typed(ACT))[:200], "is truncated"),
        ("junk.pdf", b"%PDF-1.4\njunk\n%%EOF\n", "is damaged"),
        ("blank.pdf", pdf([[]]), "has no text"),
    ],
)
def test_unreadable_files_say_why(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = write(tmp_path / name, data)
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert caught.value.reason == reason
    assert caught.value.path == str(path)
    assert caught.value.remedy


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read(tmp_path / "none.pdf")


def test_encrypted_file(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=write(tmp_path / "plain.pdf", pdf(typed(ACT))))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    with pytest.raises(DocumentError, match="is encrypted"):
        read(tmp_path / "locked.pdf")


def test_pages_without_text_are_counted(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "half.pdf", pdf([*typed(ACT), []])))
    assert reading.image_only == (2,)


def test_thai_glyph_variants_and_mark_order_are_repaired() -> None:
    assert repaired("ท\uf70bี") == "ท\u0e35\u0e49"
    assert repaired("น\u0e4d\u0e49\u0e32") == "น\u0e49\u0e33"
    assert repaired("กํ\u0e32หนด") == "กำหนด"
    # A font that does not tell what the first part of sara am is: every reader makes something else of it.
    assert repaired("ก<\u0e32หนด น้Ě\u0e32") == repaired("กĚ\u0e32หนด น้<\u0e32") == "กำหนด น้ำ"
    assert repaired("ก (\u0e32) ข-\u0e32") == "ก (\u0e32) ข-\u0e32"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("The keeper must light the lamp.", "The keeper\x03 must\ufffd light the lamp."),
        ("the keeper must light the lamp at dusk", "thekeepermustlightthelampatdusk"),
        ("ผู้ดูแลต้องจุดโคม", "ผ ู้ดูแลต้องจ ุดโคเม เ"),
        ("ບຸກຄົນແຕ່ລະຄົນມີສິດ", "ບຸກຄົນແຄົ ຕ່ລະຄົນຄົມີສິມີດ ສິ ລີ ພາບ"),
        ("មនុស្សទាំងអស់", "មនុ ស្្ ទាំ់ ា ស"),
    ],
)
def test_anomaly_score_tells_bad_text_from_good(good: str, bad: str) -> None:
    assert anomaly(good) < anomaly(bad)
    assert anomaly(good) == 0
    assert anomaly("") == 0


def test_marks_that_come_at_the_end_of_the_line_stand_on_the_letter_above_which_they_are_drawn() -> None:
    run = _Run(72, 72, 700, 12, _LEVEL)
    for i, char in enumerate("สิทธิของเรา"):
        kind = "Mn" if char == "\u0e34" else "Lo"
        run.add(char, kind, 72 + 10 * i - 2 * (kind == "Mn"), 80 + 10 * i - 12 * (kind == "Mn"), 700, 12)
    run.add("\u0e4c", "Mn", 112, 108, 701, 12)
    line = run.line(1, 800, 0)
    assert line is not None
    assert line.text == "สิทธิ์ของเรา"
