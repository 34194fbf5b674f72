from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.lexicon import Lexicon, words
from lawsearch.vocabulary import languages


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The keeper's lamp, (No. 12) — 1,000 lamps.", ["the", "keepers", "lamp", "no", "12", "1,000", "lamps"]),
        ("id", "Penjaga wajib menyalakan pelita.", ["penjaga", "wajib", "menyalakan", "pelita"]),
        ("vi", "Điều 7. Dữ liệu", ["điều", "7", "dữ", "liệu"]),
        ("th", "ผู้ดูแลต้องแจ้งภายใน ๔๘ ชั่วโมง", ["ผู้", "ดูแล", "ต้อง", "แจ้ง", "ภายใน", "48", "ชั่วโมง"]),
        ("lo", "ພົນລະເມືອງ ມາດຕາ ໑໒", ["ພົນລະເມືອງ", "ມາດຕາ", "12"]),
        ("km", "ប្រទេសកម្ពុជា មាត្រា ៤៥", ["ប្រទេស", "កម្ពុជា", "មាត្រា", "45"]),
        ("my", "အစိုးရအဖွဲ့သည် ပုဒ်မ ၆၀", ["အစိုးရအဖွဲ့", "သည်", "ပုဒ်မ", "60"]),
        ("unknown", "Lamps & oil_2", ["lamps", "oil_2"]),
        ("tlh", "Lamps", ["lamps"]),
        ("en", " —…() ", []),
        ("en", "", []),
        ("en", "𝔏amp oil 𐍈 lamp", ["amp", "oil", "lamp"]),
    ],
)
def test_words(language: str, text: str, expected: list[str]) -> None:
    assert words(text, language) == expected


@given(
    st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])), st.sampled_from([*languages()])
)
def test_no_ascii_letter_is_lost_and_no_word_holds_a_space(text: str, language: str) -> None:
    found = words(text, language)
    assert all(word and not any(c.isspace() for c in word) for word in found)

    def letters(s: str) -> list[str]:
        return [c for c in s.lower() if c.isascii() and c.isalnum()]

    # Native digits become ASCII, compatibility letters may become one when lowered: nothing may be missing.
    rest = iter(letters("".join(found)))
    assert all(letter in rest for letter in letters(text))


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    rows = [
        (0, "sg-en", ["lamp", "oil", "seller"]),
        (1, "sg-en", ["lamp", "lamp", "lamp", "dusk"]),
        (2, "ph-en", ["lamp", "oil"]),
        (3, "th-th", ["ตะเกียง", "48"]),
        (4, "sg-en", []),
    ]
    Lexicon.build(tmp_path / "lexical", rows)
    return Lexicon(tmp_path / "lexical")


@pytest.mark.parametrize(
    ("query", "group", "rows"),
    [
        (["lamp"], "sg-en", [1, 0]),
        (["oil", "lamp"], "sg-en", [0, 1]),
        (["lamp"], "ph-en", [2]),
        (["lamp"], "th-th", []),
        (["lamp"], "xx-en", []),
        (["48"], "th-th", [3]),
        (["ตะเกียง"], "th-th", [3]),
        (["unknown"], "sg-en", []),
        ([], "sg-en", []),
    ],
)
def test_search_stays_in_its_group_best_first(lexicon: Lexicon, query: list[str], group: str, rows: list[int]) -> None:
    found, scores = lexicon.search(query, [group], 10)
    assert found.tolist() == rows
    assert sorted(scores.tolist(), reverse=True) == scores.tolist()
    assert (scores > 0).all()


def test_search_of_several_groups_is_that_of_each(lexicon: Lexicon) -> None:
    query, names = ["oil", "lamp"], ["sg-en", "ph-en"]
    alone = [row for name in names for row in zip(*lexicon.search(query, [name], 9), strict=True)]
    together = zip(*lexicon.search(query, names, 9), strict=True)
    assert list(together) == sorted(alone, key=lambda found: -found[1])
    assert not len(lexicon.search(["lamp"], [], 9)[0])


def test_search_gives_at_most_the_limit(lexicon: Lexicon) -> None:
    assert lexicon.search(["lamp"], ["sg-en"], 1)[0].tolist() == [1]


def test_rare_words_come_first_and_unknown_ones_are_dropped(lexicon: Lexicon) -> None:
    assert lexicon.rarest(["lamp", "nothing", "oil", "dusk", "lamp"]) == ["dusk", "oil", "lamp"]
    assert lexicon.rarest(["lamp", "oil", "dusk"], limit=1) == ["dusk"]
    assert lexicon.weight("dusk") > lexicon.weight("oil") > lexicon.weight("lamp") > 0 == lexicon.weight("nothing")


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Lexicon(tmp_path)
