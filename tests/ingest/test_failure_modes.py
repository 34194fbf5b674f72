"""The ways in which legal PDFs mislead a parser, each in a text made up for it."""

from __future__ import annotations

from pages import cut, laid_out, line, page, units

from ingest.layout import lay_out
from ingest.numbering import any_heading


def test_contents_list_is_not_parsed_as_sections() -> None:
    found = cut("""
        ^ARRANGEMENT OF SECTIONS^
        1. Short title
        2. Duty to light
        3. Penalty
        ^**LAMPS ACT 2001**^
        An Act to regulate the keeping of lamps.
        **Short title**
        1. This Act is the Lamps Act 2001 and extends to all lamps wherever they are kept.
        **Duty to light**
        2. A keeper must light every lamp at dusk and keep it lit until the sun has risen.
        **Penalty**
        3. A keeper who fails to light a lamp is guilty of an offence and liable to a fine.
    """)
    assert [unit.number for unit in units(found)] == ["1", "2", "3"]
    assert found.contents == ("1", "2", "3")
    assert found.missing == ()
    assert found.roles.count("contents") == 4


def test_schedules_restart_numbering_apart_from_the_body() -> None:
    found = cut("""
        An Act to regulate the keeping of lamps.
        **Short title**
        1. This Act is the Lamps Act 2001.
        **Duty**
        2. A keeper must light the lamp.
        **Fees**
        3. The fees are in the Schedule.
        ^**FIRST SCHEDULE**^
        ^**Fees**^
        1. For a lamp, ten.
        ^FIRST SCHEDULE — continued^
        2. For a lantern, twenty.
    """)
    assert [unit.number for unit in units(found)] == ["1", "2", "3"]
    schedule = found.segments[-1]
    assert (schedule.kind, schedule.number, schedule.heading, schedule.eid) == (
        "schedule", "First Schedule", "Fees", "sched_1",
    )  # fmt: skip
    assert [d.number for d in schedule.divisions] == ["1", "2"]


def test_cross_references_and_years_at_line_start_are_text() -> None:
    found = cut("""
        ^**Article 1**^
        A lamp is a lamp in the sense of
        Article 2 of the Convention and of the Act of
        2010. It must be lit.
        ^**Article 2**^
        A keeper keeps lamps.
        ^**Article 3**^
        This enters into force at once.
    """)
    assert [unit.number for unit in units(found)] == ["1", "2", "3"]
    assert "Article 2 of the Convention and of the Act of 2010." in units(found)[0].text


def test_elucidation_is_never_law() -> None:
    found = cut("""
        ^Pasal 1^
        Pelita adalah lampu.
        ^Pasal 2^
        Penjaga wajib menyalakan pelita.
        ^Pasal 3^
        Undang-Undang ini mulai berlaku pada tanggal diundangkan.
        Agar setiap orang mengetahuinya, memerintahkan pengundangan.
        ^PENJELASAN^
        ^ATAS^
        I. UMUM
        Pelita itu penting.
        II. PASAL DEMI PASAL
        Pasal 1
        Cukup jelas.
        Pasal 2
        Yang dimaksud dengan pelita adalah semua pelita yang menyala pada malam hari di jalan umum.
        Pasal 3
        Cukup jelas.
    """)
    assert [unit.number for unit in units(found)] == ["1", "2", "3"]
    assert units(found)[2].text == "Undang-Undang ini mulai berlaku pada tanggal diundangkan."
    told = [s for s in found.segments if s.kind == "explanation"]
    assert [s.number for s in told] == [
        "Penjelasan Umum", "Penjelasan Pasal 1", "Penjelasan Pasal 2", "Penjelasan Pasal 3",
    ]  # fmt: skip


def test_quoted_articles_stay_inside_the_amending_clause() -> None:
    found = cut("""
        UNDANG-UNDANG TENTANG PERUBAHAN ATAS UNDANG-UNDANG TENTANG PELITA
        ^Pasal I^
        Beberapa ketentuan diubah sebagai berikut:
        1. Ketentuan Pasal 5 diubah sehingga berbunyi:
        ^Pasal 5^
        (1) Penjaga wajib menyalakan pelita.
        (2) Penjaga wajib memadamkan pelita.
        2. Ketentuan Pasal 9 diubah sehingga berbunyi:
        ^Pasal 9^
        Denda paling banyak sepuluh.
        ^Pasal II^
        Undang-Undang ini mulai berlaku pada tanggal diundangkan.
    """)
    assert [unit.number for unit in units(found)] == ["I", "II"]
    quoted = units(found)[0].divisions
    assert [(d.number, [c.number for c in d.children]) for d in quoted] == [("5", ["1", "2"]), ("9", [])]


def test_misread_numbers_are_settled_by_the_sequence() -> None:
    numbers = [*(str(n) for n in range(1, 10)), "1O", "l1", "12", "128", "13"]
    text = "\n".join(f"^Pasal {n}^\nPenjaga wajib menyalakan pelita pada malam hari." for n in numbers)
    found = [unit.number for unit in units(cut(text))]
    assert found == [*(str(n) for n in range(1, 13)), "12B", "13"]


def test_repealed_range_becomes_marked_units() -> None:
    found = units(
        cut("""
        An Act to regulate the keeping of lamps.
        **Short title**
        1. This Act is the Lamps Act 2001.
        **Duty**
        2. A keeper must light the lamp.
        3. to 5. [Repealed by Act 7 of 2010]
        **Penalty**
        6. A keeper who fails is liable to a fine.
        **Fees**
        7. The fees are prescribed.
    """)
    )
    assert [unit.number for unit in found] == ["1", "2", "3", "4", "5", "6", "7"]
    assert [unit.number for unit in found if "repealed" in unit.flags] == ["3", "4", "5"]


def test_acts_behind_a_consolidated_law_keep_their_numbers() -> None:
    law = "\n".join(f"    มาตรา {n} ผู้ดูแลต้องจุดโคมให้สว่างตลอดคืน." for n in "๑๒๓๔๕")
    found = units(cut(f"{law}\n    มาตรา ๒ พระราชบัญญัตินี้ให้ใช้บังคับตั้งแต่วันถัดไป."))
    assert [unit.number for unit in found] == ["๑", "๒", "๓", "๔", "๕", "๒"]
    assert found[-1].eid == "amend_1__sec_2"
    assert found[-1].flags == ("restart",)


def test_text_without_numbers_is_kept_page_by_page() -> None:
    found = cut("Lamps are good.\nLamps are bright.\nKeep them lit.")
    assert found.family is None
    assert [(s.kind, s.number, s.flags) for s in found.segments] == [("page", "page 1", ("page-wise",))]


def body(number: int, head: str, foot: str) -> list:
    texts = [f"Line {i} of page {'abcdef'[number]} about lamps and their keepers in the night" for i in range(20)]
    lines = [
        line(t.replace(str(i), "ABCDEFGHIJKLMNOPQRSTU"[i]), 100 + 15 * i, page=number) for i, t in enumerate(texts)
    ]
    return [line(head, 30, page=number), *lines, line(foot, 800, 290, page=number)]


def test_running_heads_and_page_numbers_are_set_aside() -> None:
    pages = [page(n, *body(n, f"Lamps Act 2001 {n}", str(n))) for n in range(1, 5)]
    texts = laid_out(*pages)
    assert len(texts) == 80
    assert not any("Lamps Act" in text for text in texts)


def test_numbered_headings_at_the_top_of_pages_are_kept() -> None:
    pages = [page(n, *body(n, f"Article {n}", str(n))) for n in range(1, 5)]
    assert [t for t in laid_out(*pages) if t.startswith("Article")] == [f"Article {n}" for n in range(1, 5)]


def test_catchword_is_dropped() -> None:
    first = [*body(1, "x", "1")[1:-1], line("Pasal 7 . . .", 500, 400)]
    second = [line("Pasal 7", 72, 280, page=2), *body(2, "x", "2")[1:-1]]
    found = lay_out([page(1, *first), page(2, *second)], any_heading())
    assert [x.text for x in found.furniture["catchword"]] == ["Pasal 7 . . ."]


def columns(number: int, left: list[str], right: list[str]) -> list:
    return [
        *(line(t, 100 + 15 * i, 60, page=number, size=9) for i, t in enumerate(left)),
        *(line(t, 100 + 15 * i, 320, page=number, size=9) for i, t in enumerate(right)),
    ]


def test_two_columns_are_read_one_after_the_other() -> None:
    pages = []
    for number, tell in ((1, "abcdefghijkl"), (2, "mnopqrstuvwx")):
        left = [f"left {c * 3} the keeper of the lamp and a lamp of the keeper" for c in tell]
        right = [f"right {c * 3} the lamp of the keeper and a keeper of the lamp" for c in tell]
        pages.append(page(number, *columns(number, left, right)))
    found = lay_out(pages)
    assert found.kind == "columns"
    assert [row.text.split()[0] for row in found.flows[0]] == (["left"] * 12 + ["right"] * 12) * 2


def test_two_languages_side_by_side_are_two_flows() -> None:
    malay = [
        "penjaga hendaklah menyalakan pelita itu",
        "setiap malam dan pada waktu kabus sekali",
        "seperti yang ditetapkan oleh Menteri bagi",
    ]
    english = [
        "the keeper shall light the lamp every night",
        "and in fog as the Minister may direct for",
        "any of the purposes of this Act or rules",
    ]
    pages = [page(n, *columns(n, malay * 4, english * 4)) for n in (1, 2)]
    found = lay_out(pages)
    assert found.kind == "parallel"
    assert [flow[0].text for flow in found.flows] == [malay[0], english[0]]


def test_marginal_notes_become_headings() -> None:
    from collections import Counter

    from ingest.segmentation import segment
    from ingest.voting import vote

    lines = [line("An Act to regulate the keeping of lamps in the towns and in the villages of the land.", 72, 140)]
    for k, y in ((1, 100), (2, 200), (3, 300)):
        lines.append(
            line(f"{k}. The keeper of a lamp must see that it burns from dusk until the sun has risen.", y, 140)
        )
        lines.append(
            line("and must trim its wick, fill it with oil and keep the glass of the lamp clean.", y + 14, 140)
        )
        lines.append(line(("Duty to", "Penalty", "Fees")[k - 1], y + 2, 40, size=8))
    lines.append(line("light lamps", 112, 40, size=8))
    found = lay_out([page(1, *lines)])
    made = segment(found.flows[0], found.notes, vote(found.flows[0], found.notes), Counter())
    assert [(u.number, u.heading) for u in units(made)] == [
        ("1", "Duty to light lamps"),
        ("2", "Penalty"),
        ("3", "Fees"),
    ]
    assert not made.unplaced
