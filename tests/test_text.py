from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.text import digest, digits, folded, is_mark, normal, slug, unmarked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a \t b\n\nc ", "a b c"),
        ("pro\u00adces\u200bsing\ufeff", "processing"),
        ("die\u0302\u0301u", "điếu".replace("đ", "d")),
        ("e\u200b\u0301", "é"),
        ("a\u00a0b\u3000c", "a b c"),
        ("ﬁne ²", "ﬁne ²"),
        ("", ""),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert normal(text) == expected


@given(st.text())
def test_normal_form_is_nfc_without_doubled_spaces_and_stays_as_it_is(text: str) -> None:
    once = normal(text)
    assert normal(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("มาตรา ๓๗", "มาตรา 37"),
        ("ມາດຕາ ໑໒", "ມາດຕາ 12"),
        ("មាត្រា ៤៥", "មាត្រា 45"),
        ("ပုဒ်မ ၆၀", "ပုဒ်မ 60"),
        ("௧௨", "12"),
        ("x² 26D", "x² 26D"),
    ],
)
def test_native_digits(text: str, expected: str) -> None:
    assert digits(text) == expected


@given(st.text())
def test_only_decimal_digits_change_and_each_in_its_place(text: str) -> None:
    found = digits(text)
    assert len(found) == len(text)
    for before, after in zip(text, found, strict=True):
        assert after == (str(unicodedata.digit(before)) if before.isdecimal() else before)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SHORT TITLE", "Short title."),
        ("Straße", "STRASSE"),
        ("ﬁnes — and fees", "Fines and FEES"),
        ("มาตรา ๑", "มาตรา 1"),
        ("Điều\u00a01", "điều 1"),
    ],
)
def test_folded_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text())
def test_folded_holds_letters_marks_and_numbers_only(text: str) -> None:
    assert {unicodedata.category(c)[0] for c in folded(text)} <= set("LMN")


@pytest.mark.parametrize(
    ("number", "expected"),
    [("26D", "26D"), ("๓๗", "37"), ("13 a", "13-a"), ("Đ. 2", "D-2"), ("12/1", "12-1"), ("(iv)", "iv"), ("—", "")],
)
def test_slug(number: str, expected: str) -> None:
    assert slug(number) == expected


@given(st.text())
def test_slug_is_safe_in_an_address_and_stays_as_it_is(text: str) -> None:
    found = slug(text)
    assert all(c.isalnum() or c == "-" for c in found)
    assert slug(found) == found


@given(
    st.lists(st.text(alphabet="abกขđ12", min_size=1), min_size=1), st.sampled_from([" ", "\n", " \u00a0 ", "\t\u200b "])
)
def test_digest_ignores_layout_and_nothing_else(words: list[str], gap: str) -> None:
    assert digest(gap.join(words)) == digest(" ".join(words))
    assert digest(" ".join(words)) != digest(" ".join([*words, "x"]))


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("[40/2020]", True), ("[22/2016; 40/2020]", True), ("[S 123/2010]", True), ("[S(NS) 5/41; 3/2042]", True),
        ("[Act 9 of 2041 wef 31/08/2041]", True), ("[12A [40/2020]", True), ("[6", True), ("[14]", True),
        ("[4/2041] [Act 9 of 2041 wef 31/08/2041]", True), ("Ins. Act A1727", True), ("[Am. Act A1130]", True),
        ("Pin. Akta A1727.", True), ("Subs. P.U. (A) 7/2041", True), ("[Act 125]", False), ("[2041]", False),
        ("[Repealed by Act 4 of 2041]", False), ("[1 December 2041]", False), ("40/2020", False), ("14", False),
        ("[40/2020] and lamps", False), ("the Lamps Act [40/2020]", False), ("", False), ("Act A1727", False),
    ],
)  # fmt: skip
def test_marks_of_amendment_are_no_words_of_the_law(line: str, mark: bool) -> None:
    assert is_mark(line) == mark
    assert unmarked(f"Lamps burn.\n{line}\nAll night.") == (
        "Lamps burn.\nAll night." if mark else f"Lamps burn.\n{line}\nAll night."
    )
