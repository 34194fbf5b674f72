from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.parameter import parameters

#: Language, text, what is found: the wording and the value it stands for.
FOUND = [
    ("en", "within 72 hours, seventy-two hours or 3 days", [("72 hours", "72 hours"), ("seventy-two hours", "72 hours"),
     ("3 days", "3 days")]),
    ("en", "Within seventy-two (72) hours; six (6) years; two weeks; a 30-day period; ninety minutes",
     [("seventy-two (72) hours", "72 hours"), ("six (6) years", "6 years"), ("two weeks", "14 days"),
      ("30-day", "30 days"), ("ninety minutes", "1.5 hours")]),
    ("en", "twelve months; ten working days; three calendar days", [("twelve months", "1 year"),
     ("ten working days", "10 working days"), ("three calendar days", "3 days")]),
    ("en", "three to five years", [("three", "3 years"), ("five years", "5 years")]),
    ("en", "one (1) year to three (3) years", [("one (1) year", "1 year"), ("three (3) years", "3 years")]),
    ("en", "aged 18 years; eighteen years of age; under the age of 13", [("18 years", "18 years"),
     ("eighteen years of age", "18 years"), ("13", "13 years")]),
    ("en", "S$1,000,000, one million ringgit, US$5.5 million, EUR 20 000 000, ten million Brunei dollars",
     [("S$1,000,000", "SGD 1,000,000"), ("one million ringgit", "MYR 1,000,000"), ("US$5.5 million", "USD 5,500,000"),
      ("EUR 20 000 000", "EUR 20,000,000"), ("ten million Brunei dollars", "BND 10,000,000")]),
    ("en", "Five hundred thousand pesos (P500,000.00); two hundred and fifty thousand dollars; PHP 100",
     [("Five hundred thousand pesos (P500,000.00)", "PHP 500,000"),
      ("two hundred and fifty thousand dollars", "250,000 dollars"), ("PHP 100", "PHP 100")]),
    ("en", "10 per cent, ten percent or 2.5%", [("10 per cent", "10 %"), ("ten percent", "10 %"), ("2.5%", "2.5 %")]),
    ("id", "3 x 24 jam; 3x24 jam; 3 x 24 (tiga kali dua puluh empat) jam", [("3 x 24 jam", "72 hours"),
     ("3x24 jam", "72 hours"), ("3 x 24 (tiga kali dua puluh empat) jam", "72 hours")]),
    ("id", "tiga puluh hari, enampuluh hari, 14 (empat belas) hari kerja, berusia 18 (delapan belas) tahun",
     [("tiga puluh hari", "30 days"), ("enampuluh hari", "60 days"), ("14 (empat belas) hari kerja", "14 working days"),
      ("18 (delapan belas) tahun", "18 years")]),
    ("id", "Rp6.000.000.000,00 (enam miliar rupiah); Rp5 miliar; 2 (dua) persen; 2,5 persen",
     [("Rp6.000.000.000,00 (enam miliar rupiah)", "IDR 6,000,000,000"), ("Rp5 miliar", "IDR 5,000,000,000"),
      ("2 (dua) persen", "2 %"), ("2,5 persen", "2.5 %")]),
    ("ms", "tujuh puluh dua jam; RM1,000,000; tiga ratus ribu ringgit; lima peratus; berumur lapan belas tahun",
     [("tujuh puluh dua jam", "72 hours"), ("RM1,000,000", "MYR 1,000,000"),
      ("tiga ratus ribu ringgit", "MYR 300,000"), ("lima peratus", "5 %"), ("lapan belas tahun", "18 years")]),
    ("th", "ภายในเจ็ดสิบสองชั่วโมง ภายใน ๗๒ ชั่วโมง ยี่สิบเอ็ดวัน สองร้อยห้าสิบวันทำการ หนึ่งปีหกเดือน",
     [("เจ็ดสิบสองชั่วโมง", "72 hours"), ("๗๒ ชั่วโมง", "72 hours"), ("ยี่สิบเอ็ดวัน", "21 days"),
      ("สองร้อยห้าสิบวันทำการ", "250 working days"), ("หนึ่งปี", "1 year"), ("หกเดือน", "6 months")]),
    ("th", "ไม่เกินสามล้านบาท ห้าแสนบาท ร้อยละ 5 ร้อยละสิบ อายุไม่เกินสิบปี", [("สามล้านบาท", "THB 3,000,000"),
     ("ห้าแสนบาท", "THB 500,000"), ("ร้อยละ 5", "5 %"), ("ร้อยละสิบ", "10 %"), ("สิบปี", "10 years")]),
    ("vi", "trong 72 giờ, ba mươi ngày, mười lăm ngày, 30 ngày làm việc, năm năm, mười năm, từ đủ 07 tuổi",
     [("72 giờ", "72 hours"), ("ba mươi ngày", "30 days"), ("mười lăm ngày", "15 days"),
      ("30 ngày làm việc", "30 working days"), ("năm năm", "5 years"), ("mười năm", "10 years"),
      ("07 tuổi", "7 years")]),
    ("vi", "năm tỷ đồng; 3.000.000.000 đồng; 1,5 triệu đồng; hai trăm nghìn đồng; 5% doanh thu",
     [("năm tỷ đồng", "VND 5,000,000,000"), ("3.000.000.000 đồng", "VND 3,000,000,000"),
      ("1,5 triệu đồng", "VND 1,500,000"), ("hai trăm nghìn đồng", "VND 200,000"), ("5%", "5 %")]),
    ("lo", "ພາຍໃນ 3 ວັນ, ຊາວເອັດວັນ, ສາມສິບວັນລັດຖະການ, ສິບຫ້າລ້ານກີບ, ຮ້ອຍລະ 5", [("3 ວັນ", "3 days"),
     ("ຊາວເອັດວັນ", "21 days"), ("ສາມສິບວັນລັດຖະການ", "30 working days"), ("ສິບຫ້າລ້ານກີບ", "LAK 15,000,000"),
     ("ຮ້ອຍລະ 5", "5 %")]),
    ("km", "៧២ ម៉ោង ១០ (ដប់) ថ្ងៃ សាមសិបថ្ងៃ ១០.០០០.០០០ (ដប់លាន) រៀល ៥ ភាគរយ", [("៧២ ម៉ោង", "72 hours"),
     ("១០ (ដប់) ថ្ងៃ", "10 days"), ("សាមសិបថ្ងៃ", "30 days"), ("១០.០០០.០០០ (ដប់លាន) រៀល", "KHR 10,000,000"),
     ("៥ ភាគរយ", "5 %")]),
    # နှစ် is both two and year.
    ("my", "၇၂ နာရီ၊ နှစ်ရက်၊ နှစ်နှစ်၊ သုံးနှစ်၊ ရက်ပေါင်း ၆၀၊ ခြောက်လ", [("၇၂ နာရီ", "72 hours"), ("နှစ်ရက်", "2 days"),
     ("နှစ်နှစ်", "2 years"), ("သုံးနှစ်", "3 years"), ("ရက်ပေါင်း ၆၀", "60 days"), ("ခြောက်လ", "6 months")]),
    ("my", "ကျပ်သိန်းငါးရာ၊ ကျပ် ၅ သိန်း၊ ၅ ရာခိုင်နှုန်း", [("ကျပ်သိန်းငါးရာ", "MMK 50,000,000"),
     ("ကျပ် ၅ သိန်း", "MMK 500,000"), ("၅ ရာခိုင်နှုန်း", "5 %")]),
    ("tl", "pitumpu't dalawang (72) oras; tatlumpung araw; apat na araw; limang daang libong piso (P500,000)",
     [("pitumpu't dalawang (72) oras", "72 hours"), ("tatlumpung araw", "30 days"), ("apat na araw", "4 days"),
      ("limang daang libong piso (P500,000)", "PHP 500,000")]),
    ("pt", "setenta e duas horas; 30 dias úteis; cinco milhões de dólares; 10 por cento; maiores de dezassete anos",
     [("setenta e duas horas", "72 hours"), ("30 dias úteis", "30 working days"),
      ("cinco milhões de dólares", "5,000,000 dollars"), ("10 por cento", "10 %"), ("dezassete anos", "17 years")]),
    ("tet", "oras 72; oras hitunulu-resin-rua; loron tolunulu; tinan lima", [("oras 72", "72 hours"),
     ("oras hitunulu-resin-rua", "72 hours"), ("loron tolunulu", "30 days"), ("tinan lima", "5 years")]),
]  # fmt: skip
TRAPS = [
    ("en", "section 5, in the year 2012, on 1 May 2012, 26 persons, the one who, page 3 of 10"),
    ("id", "Pasal 5, tanggal 17 Oktober 2022, Nomor 27 Tahun 2022, uu-no-27-tahun-2022"),
    ("th", "มาตรา ๓๗ วันที่ ๑ มิถุนายน พ.ศ. ๒๕๖๒ สามารถ"),
    ("vi", "ngày 26 tháng 6 năm 2025, Điều 5, khoản 2, bên thứ ba"),
    ("km", "ថ្ងៃទី១៥ ខែមករា ឆ្នាំ២០២០"),
    ("my", "ကဆုန်လဆန်း ၁၂ ရက် ၂၀၀၄ ခုနှစ် ဧပြီလ ၃၀ ရက် သုံးလုံး"),
    ("tet", "iha loron 22 fulan-Marsu"),
]


@pytest.mark.parametrize(("language", "text", "found"), FOUND)
def test_parameters(language: str, text: str, found: list[tuple[str, str]]) -> None:
    assert [(text[p.start : p.end], p.shown) for p in parameters(text, language)] == found


@pytest.mark.parametrize(("language", "text"), TRAPS)
def test_what_is_none(language: str, text: str) -> None:
    assert [text[p.start : p.end] for p in parameters(text, language)] == []


def test_kinds_and_units() -> None:
    found = parameters("5 days, aged 18 years, $5, 5%, two years", "en")
    assert [(p.kind, p.unit) for p in found] == [
        ("duration", "days"), ("age", "years"), ("amount", "dollars"), ("percentage", "per cent"),
        ("duration", "months"),
    ]  # fmt: skip
    assert sorted(found, key=lambda p: p.order)[0].unit == "days"


def test_equal_values_are_equal_in_every_language() -> None:
    texts = {"en": "seventy-two hours", "id": "3 x 24 jam", "th": "เจ็ดสิบสองชั่วโมง", "vi": "72 giờ", "my": "၇၂ နာရီ",
             "pt": "72 horas"}  # fmt: skip
    found = {(p.kind, p.value, p.unit) for code, text in texts.items() for p in parameters(text, code)}
    assert len(found) == 1


def test_days_working_days_and_hours_stay_apart() -> None:
    found = {(p.value, p.unit) for p in parameters("72 hours, 3 days, 3 working days", "en")}
    assert len(found) == 3


def test_dollars_are_those_of_the_law() -> None:
    assert [p.unit for p in parameters("a fine of $5,000", "en", "sg")] == ["SGD"]
    assert [p.unit for p in parameters("a fine of US$5,000", "en", "sg")] == ["USD"]


def test_a_number_that_is_said_twice_otherwise_is_none() -> None:
    assert parameters("thirty (20) days", "en") == ()


def test_decomposed_text_keeps_its_places() -> None:
    text = "trong 30\u200b nga\u0300y"
    assert [text[p.start : p.end] for p in parameters(text, "vi")] == ["30\u200b nga\u0300y"]


@given(st.text(alphabet="1234 .,()x%-$ twothreĐđáyhours", max_size=40), st.sampled_from(["en", "id", "vi", "my", "zh"]))
def test_spans_lie_in_the_text_in_order(text: str, language: str) -> None:
    at = 0
    for p in parameters(text, language):
        assert at <= p.start < p.end <= len(text)
        at = p.end


def test_a_long_text_of_digits_takes_no_time() -> None:
    started = time.perf_counter()
    parameters("1 000 " * 2000 + "(" * 2000 + "one hundred " * 1000, "en")
    assert time.perf_counter() - started < 2
