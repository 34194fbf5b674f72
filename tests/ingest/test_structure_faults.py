"""Faults of structure that were found in real laws and excerpts, each in a text made up for it."""

from __future__ import annotations

from collections import Counter

import pytest
from pages import cut, rows, units

from ingest.numbering import value
from ingest.page import Row
from ingest.paragraph import mend, paragraphs
from ingest.sequence import Candidate, best_chain

# -- numbers ----------------------------------------------------------------------------------------------------------

BURMESE = """
    ၂၆။ မီးအိမ်စောင့်သည် မီးအိမ်ကို ထွန်းရမည်။
    ၂၇။ မီးအိမ်စောင့်သည် မီးအိမ်ကို သန့်ရှင်းရမည်။
    ၂၇-က။ မီးအိမ်စောင့်သည်-
        (က) ဆီဖြည့်ရမည်။
        (ခ) မီးစာညှပ်ရမည်။
    ၂၇-ခ။ မီးအိမ်ကို မငှိမ်းရ။
    ၂၈။ ဖောက်ဖျက်သူကို ဒဏ်ရိုက်ရမည်။
"""


def test_sections_inserted_with_a_burmese_letter() -> None:
    found = units(cut(BURMESE))
    assert [(unit.number, unit.eid) for unit in found] == [
        ("၂၆", "sec_26"), ("၂၇", "sec_27"), ("၂၇-က", "sec_27-1"), ("၂၇-ခ", "sec_27-2"), ("၂၈", "sec_28"),
    ]  # fmt: skip
    assert [division.number for division in found[2].divisions] == ["က", "ခ"]


def test_burmese_insertions_stand_between_the_numbers() -> None:
    places = [value(number) for number in ("၂၇", "၂၇-က", "၂၇-ခ", "၂၇-အ", "၂၈")]
    assert places == sorted(places, key=lambda place: place or ())
    assert len(set(places)) == 5


def chain(*found: tuple[int, float]) -> list[str]:
    made = [Candidate(i, str(number), "", (0, number, 0), weight) for i, (number, weight) in enumerate(found)]
    return [candidate.number for candidate in best_chain(made)[1]]


LIKE = [(number, 1.2) for number in (1, 2, 3, 35, 70, 96)]


def test_an_excerpt_goes_on_after_a_long_jump() -> None:
    assert chain(*LIKE, *((number, 1.2) for number in (151, 159, 165, 170)))[-4:] == ["151", "159", "165", "170"]


@pytest.mark.parametrize("stray", [[(1999, 0.5), (2004, 0.5), (2010, 0.5)], [(300, 1.5)], [(2010, 0.4)]])
def test_years_and_stray_numbers_are_no_excerpt(stray: list[tuple[int, float]]) -> None:
    assert chain(*LIKE, *stray)[-1] == "96"


def test_a_stray_number_in_between_does_not_part_the_sequence() -> None:
    assert chain((1, 1.2), (2, 1.2), (2010, 0.5), (3, 1.2), (4, 1.2)) == ["1", "2", "3", "4"]


# -- containers and headings ------------------------------------------------------------------------------------------


def test_parts_and_titles_in_tetum() -> None:
    found = units(
        cut("""
        ^**PARTE I**^
        ^**PRINSÍPIU SIRA**^
        ^**Artigu 1**^
        Lampu tenke moris hosi rai-nakukun to'o loron sa'e, no nia na'in tenke haree nafatin.
        ^**PARTE II**^
        ^**DIREITU SIRA**^
        ^**TÍTULU I**^
        ^**JERÁL**^
        ^**Artigu 2**^
        Ema hotu bele hakbesik ba lampu ne'e iha kalan no iha loron, la ho selu buat ida.
        ^**Artigu 3**^
        Remata.
        """)
    )
    assert [unit.eid for unit in found] == ["part_I__art_1", "part_II__title_I__art_2", "part_II__title_I__art_3"]
    assert found[0].text.startswith("Lampu tenke moris")
    assert "PARTE" not in found[0].text
    assert found[1].path == ("PARTE II DIREITU SIRA", "TÍTULU I JERÁL")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("^หมวด ๔^\n^สำนักงาน^\n    มาตรา ๑ ก.\n    มาตรา ๒ ข.\n    มาตรา ๓ ค.", "หมวด ๔ สำนักงาน"),
        ("^ជំពូកទី ១០^\n^ស្ថាប័ន^\nមាត្រា ១\nក។\nមាត្រា ២\nខ។\nមាត្រា ៣\nគ។", "ជំពូកទី ១០ ស្ថាប័ន"),
        ("^အခန်း (၁)^\n^အမည်^\n၁။ က။\n၂။ ခ။\n၃။ ဂ။", "အခန်း (၁) အမည်"),
    ],
)
def test_number_and_name_of_a_container_stay_apart_in_scripts_without_spaces(text: str, title: str) -> None:
    assert units(cut(text))[0].path == (title,)


def test_run_in_headings_longer_than_a_line() -> None:
    texts = [
        f"**SEK. {n}. Mga Pangkalahatang Prinsipyo sa Pag-iingat ng Lampara**\n"
        f"at ng Langis ng Bahay-{name}. – Dapat panatilihing may sindi ang lampara.\nHindi ito dapat patayin sa gabi."
        for n, name in ((1, "Bayan"), (2, "Lungsod"), (3, "Nayon"))
    ]
    found = units(cut("\n".join([*texts, "SEK. 4. Bisa. – Magkakabisa ito agad at mananatili hanggang sa bawiin."])))
    assert [unit.heading.split()[-1] for unit in found] == ["Bahay-Bayan", "Bahay-Lungsod", "Bahay-Nayon", "Bisa"]
    assert found[0].text == "Dapat panatilihing may sindi ang lampara. Hindi ito dapat patayin sa gabi."


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "elsewhere", "mended"),
    [
        ("among them non-", "governmental ones", "", "among them non-governmental ones"),
        ("a self\u00ad", "governing body", "", "a self-governing body"),
        ("they co-", "operate", "", "they co-operate"),
        ("they co-", "operate", "cooperate", "they cooperate"),
        ("the infor-", "mation is", "", "the information is"),
        ("a third-", "party lamp", "third third-country", "a third-party lamp"),
        ("o lume presume-", "se aceso", "", "o lume presume-se aceso"),
        ("cabe fazê-", "lo já", "", "cabe fazê-lo já"),
        ("o capítu-", "lo do livro", "", "o capítulo do livro"),
        ("a hipóte-", "se do livro", "", "a hipótese do livro"),
        ("tiap institusi-", "institusi itu", "", "tiap institusi-institusi itu"),
        ("ang pag-", "unlad ng bayan", "", "ang pag-unlad ng bayan"),
    ],
)
def test_hyphens_at_the_end_of_a_line(first: str, second: str, elsewhere: str, mended: str) -> None:
    assert mend([first, second], Counter(elsewhere.split())) == mended


def test_a_reference_broken_behind_a_joining_word_opens_no_paragraph() -> None:
    made = rows("""
            (๑) จุดโคมทุกคืนตามที่กำหนดไว้ในกฎกระทรวงว่าด้วยโคมไฟและผู้ดูแลโคม
        ตามมาตรา ๒๔ (๑) หรือ
        (๔) หรือมาตรา ๒๖
            (๒) ดับโคม
            (๓) เติมน้ำมัน
    """)
    edge = made[1].line.x1
    widened = [Row(row.line, 120.0, edge if row is made[1] else row.line.x1 + 60, 0.2) for row in made]
    found = [paragraph.text for paragraph in paragraphs("", None, widened, Counter())]
    assert [text[:3] for text in found] == ["(๑)", "(๒)", "(๓)"]


def test_khmer_items_begin_behind_a_full_stop() -> None:
    made = rows("១. ចង្កៀងត្រូវតែភ្លឺ។\n២. អ្នកថែទាំត្រូវតែនៅ។")
    full = [Row(row.line, 72.0, row.line.x1, 0.2) for row in made]
    assert len(paragraphs("", None, full, Counter())) == 2
