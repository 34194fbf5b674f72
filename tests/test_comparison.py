from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawsearch.alignment import Column, Part, align, gain
from lawsearch.comparison import (
    Cell,
    Piece,
    Span,
    clause_parts,
    compare,
    diff,
    parameter_rows,
    parts,
    pieces,
    pieces_of,
    same_words,
    shared_concepts,
    strengths,
    units,
)
from lawsearch.concepts import concepts_in, mentions
from lawsearch.provision import Provision
from lawsearch.service import SAME_CONCEPTS, SAME_KIND, SAME_VALUE, nearness


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
    assert found.placed == ("first", "order", "words")
    assert found.same_words[:2] == (None, None)
    assert found.same_words[2] == pytest.approx(0.875)
    same, changed = (row[2] for row in found.rows)
    assert same is not None
    assert same.same_as == 1
    assert changed is not None
    assert changed.same_as is None
    assert [s.op for s in changed.spans] == ["same", "removed", "added", "same"]


def test_a_comma_is_a_difference_but_not_of_words() -> None:
    cell = compare([column("keep, and tell it"), column("keep and tell it")]).rows[0][1]
    assert cell is not None
    assert cell.same_words == 1.0
    assert cell.same_as is None
    assert [s.text for s in cell.spans if s.op == "removed"] == [", "]


def test_texts_without_parts_are_compared_whole() -> None:
    found = compare([column("one", "two"), Column(language="en", parts=(Part("", "one and two"),))])
    assert len(found.rows) == 1
    assert found.placed == ("whole", "whole")


# -- by meaning -----------------------------------------------------------------------------------------------------

ENGLISH = column("notify the board", "keep a register", "delete the data")


def near(*pairs: tuple[int, int], sizes: tuple[int, ...]) -> np.ndarray:
    """All parts at .8 to each other but for the pairs given, at .9."""
    found = np.full((sum(sizes), sum(sizes)), 0.8)
    for a, b in pairs:
        found[a, b] = found[b, a] = 0.9
    return found


def test_parts_of_other_languages_meet_by_meaning_crossing_too() -> None:
    thai = column("ลบ", "อื่น", "แจ้ง", language="th")
    rows = align([ENGLISH, thai], near((0, 5), (2, 3), sizes=(3, 3)))
    # What is left stands alone behind the part before it; the order of the first column stays.
    assert rows == [[0, 2], [1, None], [2, 0], [None, 1]]


def test_what_stands_before_the_first_pair_stays_before_it() -> None:
    thai = column("คำนำ", "ลบ", language="th")
    assert align([ENGLISH, thai], near((2, 4), sizes=(3, 2))) == [[0, None], [1, None], [None, 0], [2, 1]]
    assert align([ENGLISH, thai], near(sizes=(3, 2)))[:3] == [[0, None], [1, None], [2, None]]


def test_a_part_that_is_near_to_all_gives_way_to_one_that_is_near_to_this() -> None:
    thai = column("ทุกอย่าง", "แจ้ง", language="th")
    nearness = near((0, 3), (1, 3), (2, 3), (0, 4), sizes=(3, 2))
    assert [0, 1] in align([ENGLISH, thai], nearness)


def test_words_come_before_meaning_within_a_language_and_meaning_finds_what_is_left() -> None:
    other = column("keep the register", "inform authorities")
    nearness = near((0, 4), (2, 3), sizes=(3, 2))
    assert align([ENGLISH, other], nearness) == [[0, 1], [1, 0], [2, None]]


def test_a_third_column_joins_the_row_that_any_of_its_cells_is_near_to() -> None:
    thai, lao = column("แจ้ง", "ลบ", language="th"), column("ແຈ້ງ", "ອື່ນ", language="lo")
    rows = align([ENGLISH, thai, lao], near((0, 3), (2, 4), (3, 5), sizes=(3, 2, 2)))
    assert rows[0] == [0, 0, 0]


def test_without_vectors_a_column_is_laid_out_by_order_and_says_so() -> None:
    thai, lao = column("แจ้ง", "ลบ", language="th"), column("ແຈ້ງ", "ລຶບ", language="lo")
    nearness = near((0, 4), (2, 3), sizes=(3, 2, 2))
    nearness[5:, :] = nearness[:, 5:] = np.nan
    found = compare([ENGLISH, thai, lao], nearness)
    assert found.placed == ("first", "meaning", "order")
    assert [row[2].part.text for row in found.rows if row[2]] == ["ແຈ້ງ", "ລຶບ"]


def test_gain_is_over_the_others_of_row_and_column() -> None:
    found = gain(np.array([[0.9, 0.8], [0.8, np.nan]]))
    assert found[0, 0] == pytest.approx(0.1)
    assert np.isnan(found[1, 1])
    assert np.isinf(gain(np.array([[0.8]]))[0, 0])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.randoms())
def test_every_part_is_in_exactly_one_row_by_meaning_too(a: int, b: int, c: int, random) -> None:
    columns = [column(*"abcd"[:a]), column(*"abcd"[:b], language="th"), column(*"dcba"[:c])]
    nearness = np.array([[random.choice([0.7, 0.8, 0.9, np.nan]) for _ in range(a + b + c)] for _ in range(a + b + c)])
    rows = align(columns, nearness)
    for i, one in enumerate(columns):
        assert sorted(row[i] for row in rows if row[i] is not None) == list(range(len(one.parts)))
    assert [row[0] for row in rows if row[0] is not None] == list(range(a))


# -- baselines, marks, strengths, parameters ------------------------------------------------------------------------


def test_any_column_can_be_the_baseline_of_its_language() -> None:
    columns = [column("a b c d", "e f"), column("a b x d", "e f"), column("a b c d", "e f")]
    found = compare(columns, baselines=[1])
    assert found.references == (1, None, 1)
    first, second, third = found.rows[0]
    assert first is not None
    assert [s.text.strip() for s in first.spans if s.op == "removed"] == ["x"]
    assert second is not None
    assert not second.spans
    assert third is not None
    # It differs from the baseline, but that is said once already.
    assert third.same_as == 0
    assert [cell.same_as for cell in found.rows[1] if cell] == [1, None, 1]


def test_lines_with_numbers_are_parts_where_the_parser_found_none() -> None:
    whole = provision("sec_1", "As follows:\nA. When. At once.\nB. How. In writing.")
    assert [p.number for p in pieces_of(whole, [])] == ["", "A.", "B."]


def test_pieces_carry_differences_terms_and_strengths() -> None:
    text = "must tell the data subject"
    spans = (Span("added", "must "), Span("same", "tell the data "), Span("removed", "x "), Span("added", "subject"))
    found = pieces(Cell(part=Part("", text), spans=spans), "en", {"data-subject"})
    assert found == (
        Piece("added", "must", "", "obligation"), Piece("added", " "), Piece("same", "tell the "),
        Piece("same", "data ", "data-subject"), Piece("removed", "x "), Piece("added", "subject", "data-subject"),
    )  # fmt: skip


@given(st.text(alphabet="mustay dtaprlne.\n", max_size=60), st.text(alphabet="mustay dtaprlne.\n", max_size=60))
def test_pieces_give_the_text_again(base: str, text: str) -> None:
    cell = Cell(part=Part("", text), spans=diff(base, text, "en"))
    assert "".join(p.text for p in pieces(cell, "en", {"personal-data"}) if p.op != "removed") == text


def test_shared_terms_are_those_of_two_columns_in_any_language() -> None:
    columns = [column("tell the data subject of a licence"), column("แจ้งเจ้าของข้อมูลส่วนบุคคล", language="th"),
               column("subjek data pribadi", language="id")]  # fmt: skip
    assert shared_concepts(columns, 5) == {"data-subject": [0, 1, 2]}


def test_headings_oblige_nobody() -> None:
    shown = Column(language="en", parts=(Part("(1)", "What shall be done\nIt may be done.", heading=19),))
    found = strengths(shown)
    assert found is not None
    assert {k: dict(v) for k, v in found.items() if v} == {"permission": {"may": 1}}
    assert strengths(column("x", language="zh")) is None


def test_equal_parameters_share_a_row() -> None:
    rows = parameter_rows(
        [column("within 72 hours", "or 3 days or 72 hours"), column("3 x 24 jam", language="id"), column("$5")],
        ["ph", "id", "sg"],
    )
    assert [(r.parameter.shown, r.texts) for r in rows] == [
        ("72 hours", (("72 hours",), ("3 x 24 jam",), ())), ("3 days", (("3 days",), (), ())),
        ("SGD 5", ((), (), ("$5",))),
    ]  # fmt: skip


# -- where concepts stand -------------------------------------------------------------------------------------------

NAMED = [
    ("en", "The Data-Subjects’ consent, personal\u00a0  data; a data\nsubject.",
     ["Data-Subjects", "consent", "personal\u00a0  data", "data\nsubject"]),
    ("vi", "chu\u0309 the\u0302\u0309 du\u031b\u0303 lie\u0323\u0302u.",
     ["chu\u0309 the\u0302\u0309 du\u031b\u0303 lie\u0323\u0302u"]),
    ("th", "เจ้าของข้อมูลส่วนบุคคล", ["เจ้าของข้อมูลส่วนบุคคล"]),
    ("id", "subjek\u200b data pribadi", ["subjek\u200b data pribadi"]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "found"), NAMED)
def test_mentions_are_places_in_the_text_as_printed(language: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end, _ in mentions(text, language)] == found


@given(
    st.lists(st.sampled_from(
        ["data ", "subject", "personal", "-", " ", "\u200b", "é", "e\u0301", "ข้อมูล", "ส่วนบุคคล", "ํา", "organization",
         "licensed", "\u200d", "’s", "đủ", "ho\u0300a", "๓", "İ", "ນ", "ຫນ", "ຂໍ້ມູນ", "protecção", "siya", "ဉ", "ဥ်", "ក្ត"]
    ), max_size=12),
    st.sampled_from(["en", "vi", "th", "lo", "km", "my", "pt", "tl", "tet", "zh"]),
)  # fmt: skip
def test_mentions_are_the_concepts_in_a_text(pieces: list[str], language: str) -> None:
    text = "".join(pieces)
    assert Counter(key for _, _, key in mentions(text, language)) == concepts_in(text, language)


# -- how near parts are ---------------------------------------------------------------------------------------------

LINES = ("The keeper must notify the Board at once", "The keeper must keep a register of notices")


def generation(unit: Provision) -> SimpleNamespace:
    """An index of one provision of two lines, whose vectors are the first two axes."""
    return SimpleNamespace(
        rows={unit.id: 0}, offsets=np.array([0, 2]), parts=np.eye(3, dtype=np.float16)[:2],
        bags=SimpleNamespace(vector=lambda bag: np.array([float("consent" in bag)])),
    )  # fmt: skip


def test_vectors_of_the_index_serve_and_only_what_it_lacks_is_encoded() -> None:
    unit = provision("sec_1", f"(1) {LINES[0]}\n(2) {LINES[1]}\n(3) or")
    asked: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([[2.0, 0, 0]] * len(texts))

    clause = Column(language="en", parts=(Part("", "Tell the Board"), Part("", "…")))
    found = nearness(generation(unit), [(unit, column(*LINES)), (None, clause)], encode)
    assert asked == ["Tell the Board"]
    assert found[:3, :3].tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert np.isnan(found[3]).all()
    assert np.isnan(nearness(generation(unit), [(unit, column(*LINES)), (None, clause)])[2]).all()


def test_the_same_concepts_and_parameters_bring_parts_nearer() -> None:
    unit = provision("sec_1", "")
    texts = column("consent", "consent within 3 days", "within 3 days", "within 5 days", "apart")
    found = nearness(generation(unit), [(None, texts)], lambda texts: np.eye(len(texts), 3))
    alike = [found[0, 1], found[1, 2], found[2, 3], found[2, 4]]
    assert alike == pytest.approx([SAME_CONCEPTS, SAME_KIND + SAME_VALUE, SAME_KIND, 0])
