from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.alignment import Column, Part, align
from lawsearch.comparison import clause_parts, compare, diff, parts, same_words, units
from lawsearch.provision import Provision


def provision(eid: str, text: str, number: str = "", heading: str = "") -> Provision:
    return Provision(
        instrument="/akn/sg/act/2031/7", language="en", eid=eid, kind="section", number=number, label=eid, citation=eid,
        heading=heading, text=text, parent="" if eid == "sec_1" else "sec_1",
    )  # fmt: skip


def column(*texts: str, language: str = "en") -> Column:
    return Column(language=language, parts=tuple(Part(f"({i})", t) for i, t in enumerate(texts, 1)))


@given(st.text(alphabet="ab ก้ข ខ្ញុំ𝒳\n.,(1)'’", max_size=60), st.sampled_from(["en", "th", "km", "unknown"]))
def test_units_lose_nothing(text: str, language: str) -> None:
    assert "".join(piece for piece, _ in units(text, language)) == text


@given(st.text(alphabet="abc de.\n", max_size=60), st.text(alphabet="abc de.\n", max_size=60))
def test_a_diff_gives_the_text_again(base: str, text: str) -> None:
    spans = diff(base, text, "en")
    assert not spans or "".join(s.text for s in spans if s.op != "removed") == text


def test_diff_marks_words_and_keeps_phrases_whole() -> None:
    spans = diff("must notify the Board within 3 days of it", "must notify the Board within 72 hours of it", "en")
    assert [(s.op, s.text.strip()) for s in spans] == [
        ("same", "must notify the Board within"), ("removed", "3 days"), ("added", "72 hours"), ("same", "of it"),
    ]  # fmt: skip


def test_a_wholly_different_text_is_not_shredded() -> None:
    assert diff("No person shall use a net", "Consent may be withdrawn at any time", "en") == ()


def test_same_words_counts_words_in_order_and_scripts_without_spaces() -> None:
    assert same_words("The Board, shall act.", "the board shall act", "en") == 1.0
    assert same_words("a b c d", "d c b a", "en") < 0.5
    assert 0.5 < same_words("ผู้ดูแลข้อมูลต้องแจ้งเหตุละเมิด", "ผู้ดูแลข้อมูลต้องแจ้งเหตุ", "th") < 1.0


def test_parts_keep_what_stands_around_the_children() -> None:
    whole = provision("sec_1", "A keeper must—\n(a) tell the Board; and\n(b) Register\nkeep a register,\nat once.")
    children = [provision("a", "tell the Board; and", "a"), provision("b", "keep a register,", "b", "Register")]
    assert [(p.number, p.text, p.eid) for p in parts(whole, children)] == [
        ("", "A keeper must—", ""), ("(a)", "tell the Board; and", "a"), ("(b)", "Register\nkeep a register,", "b"),
        ("", "at once.", ""),
    ]  # fmt: skip


def test_a_short_child_is_found_behind_its_number_and_not_in_a_word_before() -> None:
    whole = provision("sec_1", "In this Part, the data means\n(a) data;\n(11) fees;\n(1) fees")
    found = parts(whole, [provision("a", "data;", "a"), provision("x", "fees", "1")])
    assert [(p.number, p.text) for p in found] == [
        ("", "In this Part, the data means"), ("(a)", "data;"), ("", "(11) fees;"), ("(1)", "fees"),
    ]  # fmt: skip


def test_a_child_that_is_not_in_the_text_leaves_it_whole() -> None:
    whole = provision("sec_1", "Nothing of the kind.")
    assert parts(whole, [provision("a", "something else", "a")]) == (Part("", "Nothing of the kind."),)


def test_a_child_without_text_keeps_its_number() -> None:
    whole = provision("sec_1", "(1) First.\n(2)\n(3) Third.")
    children = [provision("a", "First.", "1"), provision("b", "", "2"), provision("c", "Third.", "3")]
    assert [(p.number, p.text) for p in parts(whole, children)] == [("(1)", "First."), ("(2)", ""), ("(3)", "Third.")]


def test_a_clause_is_cut_at_numbered_lines() -> None:
    assert clause_parts("A keeper must\n(1) act\nat once;\n2. tell the Board") == (
        Part("", "A keeper must"), Part("(1)", "act\nat once;"), Part("2.", "tell the Board"),
    )  # fmt: skip


def test_parts_of_one_language_meet_by_their_words_wherever_they_stand() -> None:
    rows = align([
        column("notify the board of the breach", "keep a register of breaches"),
        column("keep the register of all breaches", "a wholly new duty", "notify the board of a breach"),
    ])  # fmt: skip
    assert [0, 2] in rows
    assert [1, 0] in rows
    assert [None, 1] in rows


def test_parts_without_a_match_stand_side_by_side_by_order() -> None:
    assert align([column("a b c", "d e f"), column("u v w", "x y z", "k l m")]) == [[0, 0], [1, 1], [None, 2]]
    tail = Column(language="en", parts=(Part("(1)", "a b c"), Part("", "d e f")))
    assert align([tail, column("a b c", "x y z")]) == [[0, 0], [None, 1], [1, None]]


def test_parts_of_other_languages_meet_by_order_numbered_with_numbered() -> None:
    opening = Column(language="en", parts=(Part("", "A keeper must"), Part("(1)", "act"), Part("(2)", "tell")))
    thai = column("แจ้ง", "บันทึก", "ลบ", language="th")
    assert align([opening, thai]) == [[0, None], [1, 0], [2, 1], [None, 2]]


@given(
    st.lists(st.lists(st.sampled_from(["a b c", "a b", "x y", "z"]), min_size=1, max_size=4), min_size=2, max_size=4)
)
def test_every_part_is_in_exactly_one_row(texts: list[list[str]]) -> None:
    columns = [column(*t, language="th" if i == 1 else "en") for i, t in enumerate(texts)]
    rows = align(columns)
    for c, one in enumerate(columns):
        assert sorted(row[c] for row in rows if row[c] is not None) == list(range(len(one.parts)))
    assert all(any(cell is not None for cell in row) for row in rows)


def test_each_column_is_compared_with_the_first_of_its_language() -> None:
    found = compare([
        column("แจ้งเหตุ", "ลบ", language="th"), column("a b c d", "e f g h"), column("a b c d", "e f x h"),
    ])  # fmt: skip
    assert found.references == (None, None, 1)
    assert found.by_order == (1,)
    assert found.same_words[:2] == (None, None)
    assert found.same_words[2] == pytest.approx(0.875)
    same, changed = (row[2] for row in found.rows)
    assert same is not None
    assert same.identical
    assert changed is not None
    assert not changed.identical
    assert [s.op for s in changed.spans] == ["same", "removed", "added", "same"]


def test_a_comma_is_a_difference_but_not_of_words() -> None:
    cell = compare([column("keep, and tell it"), column("keep and tell it")]).rows[0][1]
    assert cell is not None
    assert cell.same_words == 1.0
    assert not cell.identical
    assert [s.text for s in cell.spans if s.op == "removed"] == [", "]


def test_texts_without_parts_are_compared_whole() -> None:
    found = compare([column("one", "two"), Column(language="en", parts=(Part("", "one and two"),))])
    assert len(found.rows) == 1
