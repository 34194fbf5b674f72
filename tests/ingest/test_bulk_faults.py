"""Faults that laws of the region showed set in several layouts, each in a text made up for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from pages import KEEPER, by_number, cut, line, page, rows, units

from ingest.layout import lay_out
from ingest.segmentation import segment
from ingest.sequence import Candidate, best_chain
from ingest.subdivision import name
from ingest.voting import vote


def test_a_reference_to_a_part_at_the_start_of_a_line_is_no_heading() -> None:
    found = by_number("""
        **Article 1. Lamps**
        A keeper must burn no oil but that which the Office has found to be clean under
        Part 2.
        (2) The oil must be kept in a tin.
        **Article 2. Wicks**
        A wick must be trimmed.
        **Article 3. Glass**
        Glass must be clear.
    """)
    assert found["1"].text.endswith("(2) The oil must be kept in a tin.")
    assert found["2"].path == ()


def test_a_range_of_thai_sections_at_the_start_of_a_line_is_no_heading() -> None:
    found = units(
        cut("""
            มาตรา ๑ ผู้ดูแลต้องจุดโคมตามที่กำหนดไว้ใน
            มาตรา ๓๐ ถึงมาตรา ๓๒ แห่งกฎหมายเก่า
            มาตรา ๒ ผู้ดูแลต้องเติมน้ำมันทุกคืน
            มาตรา ๓ ผู้ใดดับโคมต้องระวางโทษปรับ
            มาตรา ๓๓ แห่งกฎหมายเก่าให้ยกเลิก
        """)
    )
    assert [unit.number for unit in found] == ["๑", "๒", "๓"]


def test_a_section_whose_first_word_was_misread_is_found_by_its_missing_number() -> None:
    found = by_number("""
        **Lamps**
        1. This Act is on lamps and on all who keep them through the night.
        **Oil**
        2. iinless the keeper says otherwise, oil must be kept in tins.
        **Wicks**
        3. Wicks must be trimmed every day as the Office says in section
        2. of its rules.
        **Glass**
        4. Glass must be wiped.
    """)
    assert list(found) == ["1", "2", "3", "4"]
    assert (found["2"].heading, found["2"].text[:7]) == ("Oil", "iinless")


def test_a_first_label_that_was_misread_is_a_part() -> None:
    text = "(l) A keeper must light the lamp.\n(2) The lamp must burn until dawn."
    unit = by_number(f"1. {text}\n2. Oil must be clean.\n3. Glass must be clear.")["1"]
    assert [division.number for division in unit.divisions] == ["1", "2"]


def test_the_text_of_repealed_sections_is_not_their_range() -> None:
    found = by_number("1. Lamps burn.\n2. to 4. [Repealed by Act 9 of 2041]\n5. Oil burns.\n6. Glass breaks.")
    assert [found[n].text for n in "234"] == ["[Repealed by Act 9 of 2041]"] * 3


def test_letters_without_marks_are_labels_where_the_next_one_follows() -> None:
    body = (
        "1 Each Party shall, for all\nwho walk by night:\n\n    a keep lamps that\n    burn;\n\n"
        "    b keep oil in tins\n    of tin.\n\n2 a lamp is a lamp."
    )
    found = by_number(
        f"**Article 1 – Lamps**\n{body}\n**Article 2 – Oil**\na lamp burns.\n**Article 3 – End**\nIt ends."
    )
    assert [(d.number, [c.number for c in d.children]) for d in found["1"].divisions] == [("1", ["a", "b"])]
    assert found["2"].divisions == []


def test_parts_stand_above_chapters_where_the_law_sets_them_so() -> None:
    found = units(
        cut("""
        ^PART I^
        ^BEGINNINGS^
        Section 1. Title. - This is the Lamps Act of the land and of its islands.
        ^PART II^
        ^LAMPS^
        ^CHAPTER I^
        ^OIL^
        Section 2. Oil. - Oil must be clean and must be kept in tins by the keeper.
        ^CHAPTER II^
        ^WICKS^
        Section 3. Wicks. - Wicks must be trimmed by day so that they may burn by night.
        ^PART III^
        ^ENDINGS^
        Section 4. End. - This Act begins to burn at once.
        """)
    )
    assert [unit.eid for unit in found] == [
        "part_I__sec_1", "part_II__chp_I__sec_2", "part_II__chp_II__sec_3", "part_III__sec_4"
    ]  # fmt: skip


def test_what_a_part_says_before_its_first_unit_introduces_it() -> None:
    found = cut("""
        **1. Lamps for all, wherever they may walk by night**
        Towns should light their lanes, and those who keep lanes should pay for the lamps.
        **2. Clean oil in every lamp that a town may light**
        Oil should be clean, and whoever sells oil that is not should be made to drink it.
        ^**Section 2: Policies of towns**^
        V. RECOMMENDS that keepers do as follows, so that
        all may see.
        **3. Investing in the keepers of the lamps of a town**
        Keepers should be paid.
    """)
    assert [(s.kind, s.eid, s.path) for s in found.segments[2:]] == [
        ("preamble", "part_2__intro", ("Section 2: Policies of towns",)),
        ("principle", "part_2__para_3", ("Section 2: Policies of towns",)),
    ]
    assert found.segments[2].text.startswith("V. RECOMMENDS")
    assert (found.expected, found.doubled, "unassigned" in found.roles) == (3, (), False)


def test_numbers_of_the_enacting_words_are_not_those_of_the_text_that_they_adopt() -> None:
    found = cut("""
        1. Adopts the Charter of Lamps;
        2. Recommends it;
        **I. SCOPE**
        1. This Charter is on lamps and on all who keep them through the night, in towns and elsewhere.
        2. It says nothing of the moon.
        3. It may be changed by those who made it and by none besides, after a year and a day.
    """)
    assert [u.path for u in units(found)] == [("I. SCOPE",)] * 3
    assert found.segments[0].text == "1. Adopts the Charter of Lamps;\n2. Recommends it;"


def test_headings_without_numbers_are_titles_of_the_units_below_them() -> None:
    found = units(
        cut("""
        I. AIMS OF THE CHARTER
        1. Lamps should be lit for those who walk by night and know no other way.
        **Clean oil**
        2. Oil should be clean, and the oil that is not should be kept apart.
        3. Oil should be kept in tins, and the tins should be kept in the dark.
        **Care for wicks**
        4. Wicks should be trimmed by day so that they may burn well by night.
        5. Wicks should be dry.
        """)
    )
    assert [unit.path[-1] for unit in found] == [
        "I. AIMS OF THE CHARTER", "Clean oil", "Clean oil", "Care for wicks", "Care for wicks",
    ]  # fmt: skip
    assert found[0].text.endswith("no other way.")
    assert found[1].eid == "sec_I__para_2"


def test_numbers_quoted_by_an_amending_bill_are_no_clauses() -> None:
    found = units(
        cut("""
        **Short title**
        1. This Act may be cited as the Lamps (Amendment) Act 2044.
        **New sections**
        2. The principal Act is amended by inserting after section 2 the following sections:
        “**Lamps at sea**
        3. (1) A boat must carry a lamp that can be seen from the shore.
        **Lamps in mines**
        4. A mine must have a lamp at every bend, and “bend” means any turn.”.
        **Saving**
        3. Any lamp that was lit before this Act comes into force may burn on.
        **More sections**
        4. The principal Act is amended by inserting after section 30 the following section:
        “**Oil**
        31A. Oil must be clean and must be kept in a tin by the keeper.”.
        """)
    )
    assert [(unit.number, unit.heading) for unit in found] == [
        ("1", "Short title"), ("2", "New sections"), ("3", "Saving"), ("4", "More sections"),
    ]  # fmt: skip


def test_a_list_before_the_principles_is_not_their_beginning() -> None:
    found = units(
        cut("""
        The charter has two sections:
        1. Principles for keepers of lamps, and for all who walk by their light;
        2. Policies for towns.
        1.1 Lamps for all, wherever they may walk by night
        Towns should light their lanes.
        1.2 Clean oil in every lamp that a town may light
        Oil should be clean.
        2.1 Investing in the keepers of the lamps of a town
        Keepers should be paid.
        """)
    )
    assert [unit.number for unit in found] == ["1.1", "1.2", "2.1"]


@pytest.mark.parametrize(
    ("front", "eids", "third"),
    [
        (
            "THE COUNCIL OF LAMPS,\nHaving regard to the Treaty of Lamps,\nWhereas:\n(1) Lamps burn.\n"
            "(2) Oil is dear.\nIt is dearer by night.\n(3) Wicks are short.\n\nHAS ADOPTED THESE RULES:",
            ["rec_1", "rec_2", "rec_3"],
            "Wicks are short.",
        ),
        (
            "The Assembly of Keepers,\nRecalling that lamps burn,\nDeeply concerned that oil is dear,\n"
            "MINDFUL of short wicks;\n\nSpeaking of lamps is no more than that.",
            ["rec_1", "rec_2", "rec_3"],
            "MINDFUL of short wicks;",
        ),
        ("Rules of Lamps\nSpeaking of lamps,\nno more is said.", [], ""),
    ],
)
def test_recitals_are_parts_of_the_preamble(front: str, eids: list[str], third: str) -> None:
    body = "^Article 1^\nLamps shall be lit.\n^Article 2^\nOil shall be clean.\n^Article 3^\nWicks shall be dry."
    found = cut(f"{front}\n{body}")
    preamble = found.segments[0]
    assert found.family is not None
    assert [name(found.family.parts, d)[0] for d in preamble.divisions] == eids
    assert [d.text for d in preamble.divisions[2:]] == ([third] if third else [])
    assert preamble.text.split("\n")[0] in front.split("\n")


def test_quoted_articles_of_an_amending_law_need_no_gap_around_them() -> None:
    found = units(
        cut(
            """
            UNDANG-UNDANG TENTANG PERUBAHAN ATAS UNDANG-UNDANG PELITA
            ^Pasal I^
            1. Ketentuan Pasal 2 diubah sehingga berbunyi sebagai berikut:
            Pasal 2
            Penjaga wajib menyalakan pelita.
            2. Di antara Pasal 2 dan Pasal 3 disisipkan Pasal 2A, sehingga berbunyi sebagai berikut:
            Pasal 2A
            Minyak wajib bersih.
            ^Pasal II^
            Undang-Undang ini mulai berlaku pada malam hari.
            """
        )
    )
    assert [unit.number for unit in found] == ["I", "II"]
    assert [(d.shape, d.number) for d in found[0].divisions] == [("quoted", "2"), ("quoted", "2A")]
    assert found[0].divisions[1].text == "Minyak wajib bersih."


def test_the_long_lines_of_a_centred_heading_belong_to_it() -> None:
    long = "Lamps to be lit by the keepers of the town and by those whom the keepers name now"
    body = "A keeper must see that it burns from dusk\nuntil the sun has risen over the town.\n" + KEEPER
    found = units(cut("\n".join(f"^**{long}**^\n^**and then {n}**^\n{n}. {body}" for n in (1, 2, 3))))
    assert [unit.heading for unit in found] == [f"{long} and then {n}" for n in (1, 2, 3)]


def test_the_name_of_a_part_is_no_heading_of_the_unit_below_it() -> None:
    found = units(
        cut("""
        ^**PART 1**^
        ^**Keepers of lamps**^

        ^**Duty to light**^
        1. A keeper must see that the lamp burns from dusk until the sun has risen.
        ^**Oil**^
        2. Oil must be clean.
        ^**PART 2**^
        ^**Closing matters**^

        ^**Penalty for those who**^
        ^**let a lamp go out**^
        3. A keeper who fails is liable to a fine that the Office may set from year to year.
        """)
    )
    assert [(unit.path, unit.heading) for unit in found] == [
        (("PART 1 Keepers of lamps",), "Duty to light"),
        (("PART 1 Keepers of lamps",), "Oil"),
        (("PART 2 Closing matters",), "Penalty for those who let a lamp go out"),
    ]


def test_headings_that_ocr_misread_have_the_numbers_that_are_missing_between_their_neighbours() -> None:
    made = rows("""
        ມາດຕາ 1
        ໂຄມໄຟຕ້ອງຈູດຕະຫຼອດຄືນ.
        ມາດຕາ 2
        ນ້ຳມັນຕ້ອງສະອາດ.
        ມາດຕາ 7
        ໄສ້ຕະກຽງຕ້ອງແຫ້ງ.
        ມາດຕາ 4
        ຜູ້ດູແລຕ້ອງເຝົ້າ.
        ມາດຕາ 5
        ຜູ້ລະເມີດຖືກປັບໃໝ.
    """)
    scanned = [replace(row, line=replace(row.line, confidence=0.8)) for row in made]
    found = segment(scanned, (), vote(scanned), Counter())
    assert [(unit.number, unit.text[:4]) for unit in units(found)] == [
        ("1", "ໂຄມໄ"), ("2", "ນ້ຳມ"), ("3", "ໄສ້ຕ"), ("4", "ຜູ້ດ"), ("5", "ຜູ້ລ"),
    ]  # fmt: skip


MARKED = """
    **Lamps**
    1.—(1) A keeper must light the lamp at dusk and must
    see that it burns —
        (a) all night; and
        (b) by day in fog.
                                                        [4/2041]
    (2) A broken lamp is no lamp under the Lamps Act
    [Act 125] of the land.
                                                        [Act 9 of 2041 wef 31/08/2041]
    **Oil**
    2. Oil must be clean.
                                                        [6/2041; S 7/2042]
    But not too clean, for
    all oil is dear.
    **Glass**
    3. Glass must be clear.
"""


def test_marks_of_amendment_have_a_role_of_their_own_and_are_in_no_part() -> None:
    found = cut(MARKED)
    first, second, _ = units(found)
    marks = [row.text for row, role in zip(found.flow, found.roles, strict=True) if role == "amendment"]
    assert marks == ["[4/2041]", "[Act 9 of 2041 wef 31/08/2041]", "[6/2041; S 7/2042]"]
    assert first.divisions[0].text.endswith("(b) by day in fog.")
    assert first.divisions[0].children[1].text == "by day in fog."
    assert first.divisions[1].text == "A broken lamp is no lamp under the Lamps Act [Act 125] of the land."
    # In the text of the section they are lines by themselves, as printed.
    assert [line for line in (first.text + "\n" + second.text).split("\n") if line in marks] == marks
    assert second.text.split("\n")[-1] == "But not too clean, for all oil is dear."


def test_marks_of_amendment_in_the_margin_are_no_headings() -> None:
    pages = []
    for n in (1, 2):
        lines = []
        for k, mark in enumerate(("Ins. Act A17", "Lamp duty", "Am. Act A19")):
            unit = 3 * (n - 1) + k + 1
            y = 60 + 40 * n + 90 * k
            lines += [line(f"{unit}. {KEEPER} {'abcdef'[unit - 1] * 5}"[:70], y, 180, page=n)]
            lines += [line(text, y + 14 * (i + 1), 180, page=n) for i, text in enumerate((KEEPER[:60], "and so on."))]
            lines += [line(mark, y + 2, 70, page=n, size=8)]
        pages.append(page(n, *lines))
    found = lay_out(pages)
    assert [x.text for x in found.furniture["amendment"]] == ["Ins. Act A17", "Am. Act A19"] * 2
    assert [note.text for note in found.notes] == ["Lamp duty"] * 2


def test_numbers_of_quoted_articles_that_ocr_has_split_are_read_as_one() -> None:
    found = units(
        cut("""
        UNDANG-UNDANG TENTANG PERUBAHAN ATAS UNDANG-UNDANG PELITA
        ^Pasal I^
        1. Ketentuan Pasal 9 diubah sehingga berbunyi sebagai berikut:
        Pasal 9
        Penjaga wajib menyalakan pelita.
        2. Ketentuan Pasal 43 diubah sehingga berbunyi sebagai berikut:
        Pasal 4 3
        Minyak wajib bersih.
        3. Di antara Pasal 43 dan Pasal 44 disisipkan Pasal 43A, sehingga berbunyi sebagai berikut:
        Pasal 4 3 A
        Sumbu wajib kering.
        ^Pasal II^
        Undang-Undang ini mulai berlaku pada malam hari.
        """)
    )
    assert [(d.shape, d.number) for d in found[0].divisions] == [("quoted", "9"), ("quoted", "43"), ("quoted", "43A")]
    assert [d.text.split("\n")[0] for d in found[0].divisions[1:]] == ["Minyak wajib bersih.", "Sumbu wajib kering."]


def test_the_reasons_of_an_indonesian_law_are_recitals() -> None:
    found = cut("""
        ^UNDANG-UNDANG TENTANG PELITA^
        Menimbang : a. bahwa pelita perlu menyala sepanjang malam;
            b. bahwa minyak pelita perlu bersih;
            c. bahwa berdasarkan pertimbangan sebagaimana dimaksud dalam huruf a dan huruf b perlu
            membentuk Undang-Undang tentang Pelita;

        Mengingat : Pasal 5 Undang-Undang Dasar;
        ^Pasal 1^
        Pelita wajib menyala.
        ^Pasal 2^
        Minyak wajib bersih.
        ^Pasal 3^
        Undang-Undang ini mulai berlaku.
    """)
    assert found.family is not None
    told = found.segments[0].divisions
    assert [name(found.family.parts, d) for d in told] == [(f"rec_{n}", "recital", f" recital {n}") for n in "abc"]
    assert told[0].text == "bahwa pelita perlu menyala sepanjang malam;"
    assert told[2].text.endswith("membentuk Undang-Undang tentang Pelita;")


@pytest.mark.parametrize(("first", "inserted"), [("56", "56A"), ("7", "7BA")])
def test_numbers_inserted_among_numbered_paragraphs(first: str, inserted: str) -> None:
    before = "\n".join(f"{n}. Lamp {n} is to burn all night, and its keeper to watch it." for n in range(1, int(first)))
    found = units(
        cut(
            f"""
        {before}
        {first}. The keeper is to trim the wick of every lamp by day.
        {inserted}. The keeper is to trim it by night as well, if need be.
        {int(first) + 1}. No keeper is to sleep before the sun has risen.
        """.replace("        ", "")
        )
    )
    assert [(u.number, u.eid) for u in found][-3:] == [(n, f"para_{n}") for n in (first, inserted, str(int(first) + 1))]


def test_repealed_thai_sections_stay_in_their_place() -> None:
    found = cut("""
        มาตรา ๑ ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืน
        มาตรา ๒ (ยกเลิก)
        มาตรา ๓ [ยกเลิก]
        มาตรา ๔ ผู้ใดดับโคมต้องระวางโทษปรับ
        มาตรา ๕ ยกเลิก
        มาตรา ๖ ให้ยกเลิกมาตรา ๕ แห่งกฎหมายว่าด้วยโคมไฟ
    """)
    assert [(u.number, "repealed" in u.flags) for u in units(found)] == [
        ("๑", False), ("๒", True), ("๓", True), ("๔", False), ("๕", True), ("๖", False),
    ]  # fmt: skip
    assert found.missing == ()


def test_two_readings_of_a_line_do_not_hide_the_line_before() -> None:
    # Both lines may say 28 or 29, and the second looks more like a heading.
    ways = [(0, 27, 1.2), (1, 28, 0.6), (1, 29, 0.6), (2, 28, 1.2), (2, 29, 1.2), (3, 30, 1.2)]
    made = [Candidate(row, str(number), "", (0, number, 0), weight) for row, number, weight in ways]
    assert [(c.row, c.number) for c in best_chain(made)[1]] == [(0, "27"), (1, "28"), (2, "29"), (3, "30")]


def test_short_sections_of_an_amending_act_and_higher_numbers_after_them() -> None:
    long = "ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืนและต้องเติมน้ำมันทุกคืนก่อนเที่ยงคืนโดยไม่ละเว้น " * 6
    body = "\n".join(f"    มาตรา {n} {long}" for n in "๑๒๓๔")
    found = units(cut(f"{body}\n    มาตรา ๒ ให้ใช้ทันที\n    มาตรา ๓ ให้รักษาการ\n    มาตรา ๙ โคมเดิมให้ใช้ต่อไปได้ {long}"))
    assert [(u.eid, "restart" in u.flags) for u in found] == [
        ("sec_1", False), ("sec_2", False), ("sec_3", False), ("sec_4", False),
        ("amend_1__sec_2", True), ("amend_1__sec_3", True), ("amend_1__sec_9", True),
    ]  # fmt: skip
    assert found[3].text.startswith("ผู้ดูแล")
    assert "ให้ใช้ทันที" not in found[3].text


def test_a_quoted_insertion_that_follows_the_number_of_its_clause_is_no_clause() -> None:
    found = units(
        cut("""
        **Short title**
        1. This is the Lamps (Amendment) Act 2001, on lamps and on those who keep them.
        **New section 2A**
        2. The principal Act is amended by inserting after section 2 the following section:
        “**Oil to be clean**
        2A. Oil must be clean and must be kept in a tin by the keeper, who must see that
        no water comes to it.”.
        **Saving**
        3. Lamps that were lit before this Act comes into force may burn on.
        """)
    )
    assert [(u.number, u.heading) for u in found] == [("1", "Short title"), ("2", "New section 2A"), ("3", "Saving")]
    assert found[1].text.endswith("no water comes to it.”.")


def test_a_dash_within_a_run_in_heading_is_not_its_end() -> None:
    found = units(
        cut("""
        SEC. 1. Lamps — those that burn by day. – A keeper must put them out before noon.
        SEC. 2. Oil. – Oil must be clean — as clean as water — and must be kept in tins.
        SEC. 3. Wicks. – Wicks must be trimmed by the keeper every day of the year.
        SEC. 4. Glass – Glass must be wiped every night by the keeper and by no one else.
        """)
    )
    assert [unit.heading for unit in found] == ["Lamps — those that burn by day", "Oil", "Wicks", "Glass"]
    assert found[1].text.startswith("Oil must be clean — as")
