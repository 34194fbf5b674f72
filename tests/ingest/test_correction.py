"""What persons have put right: boundaries, numbers and headings, for one very file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pages import pdf, typed

from ingest.correction import FLAG, Book, load
from ingest.parsing import parse, worked
from ingest.pipeline import ADDED, CHANGED, UNCHANGED, ingest
from lawsearch.errors import MetadataError
from lawsearch.provision import Expression, Provision
from lawsearch.store import Store

#: A wrong number, one that clings to the word behind it, a reference that looks like one, a heading set as text is.
ACT = """
LAMPS ACT 2041
An Act to regulate the keeping of lamps.
**Short title**
1. This Act is the Lamps Act 2041.
**Duty to light**
2. A keeper must light every lamp at dusk and read section
3. This line only refers to a section and is no section itself.
**Oil**
3Lamp oil must be clean and must be kept in a tin with a lid.
**Wicks**
4. A wick must be cut once a week by the keeper of the lamp.
Penalty
of a keeper
5. A keeper who fails to do so pays 900 dollars to the harbour.
**Records**
8. A keeper must keep records of every lamp for three years.
"""
HEAD = """
version = 1
id = "/akn/unknown/doc/lamps"
language = "en"
source_digest = "{digest}"
"""
WHO = 'who = "A. Wong"\nwhen = 2026-11-02\nwhy = "read against the print"\n'


def entry(line: str, what: str, **more: str) -> str:
    given = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    return f'[[correction]]\npage = 1\nline = "{line}"\nwhat = "{what}"\n{given}{WHO}'


RIGHT = "".join(
    (
        entry("3. This line only", "not-unit"),
        entry("3Lamp oil must", "unit", number="3", heading="Oil and tins"),
        entry("Penalty", "heading"),
        entry("of a keeper", "heading"),
        entry("8. A keeper must keep", "number", number="6"),
    )
)


@pytest.fixture
def act(tmp_path: Path) -> Path:
    path = tmp_path / "lamps.pdf"
    path.write_bytes(pdf(typed(ACT)))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def book(act: Path, entries: str, *, of: str = "") -> Book:
    folder = act.parent / "corrections"
    folder.mkdir(exist_ok=True)
    (folder / "my-lamps.toml").write_text(HEAD.format(digest=of or digest(act)) + entries, "utf-8")
    return load(folder)


def sections(found: Expression) -> dict[str, Provision]:
    return {p.number: p for p in found.provisions if p.kind == "section"}


def test_boundaries_numbers_and_headings_are_put_right(act: Path) -> None:
    wrong = sections(parse(act)[0])
    assert list(wrong) == ["1", "2", "3", "4", "5", "8"]
    assert wrong["3"].text.startswith("This line only")
    assert "Penalty" in wrong["4"].text
    (found,) = parse(act, corrections=book(act, RIGHT))
    right = sections(found)
    assert list(right) == ["1", "2", "3", "4", "5", "6"]
    assert "This line only refers" in right["2"].text
    assert right["3"].heading == "Oil and tins"
    assert right["3"].text == "Lamp oil must be clean and must be kept in a tin with a lid."
    assert right["4"].text == "A wick must be cut once a week by the keeper of the lamp."
    assert right["5"].heading == "Penalty of a keeper"
    assert right["5"].text == "A keeper who fails to do so pays 900 dollars to the harbour."
    assert right["5"].boxes[0].y0 < wrong["5"].boxes[0].y0
    assert (right["6"].heading, right["6"].eid) == ("Records", "sec_6")
    assert {n for n, p in right.items() if FLAG in p.flags} == {"3", "5", "6"}
    assert found.report["missing"] == []


def test_the_report_says_what_was_put_right_by_whom_and_why(act: Path) -> None:
    (found,) = parse(act, corrections=book(act, RIGHT))
    told = found.report["corrections"]
    assert len(told) == 5
    assert told[1] == "p. 1 “3Lamp oil must”: unit 3 “Oil and tins” (A. Wong, 2026-11-02: read against the print)"
    assert found.report["stale_corrections"] == []
    assert FLAG in found.report["flags"]


def test_nothing_of_the_text_is_lost(act: Path) -> None:
    before, after = worked(act), worked(act, corrections=book(act, RIGHT))
    texts = [[row.text for row in work.texts[0].cut.flow] for work in (before, after)]
    assert texts[0] == texts[1]
    tallies = [sum(work.texts[0].expression.report["characters"].values()) for work in (before, after)]
    assert tallies[0] == tallies[1]


def test_corrections_of_another_file_are_reported_not_applied(act: Path) -> None:
    (plain,) = parse(act)
    (found,) = parse(act, corrections=book(act, RIGHT, of="0" * 64))
    assert found.provisions == plain.provisions
    assert found.report["corrections"] == []
    assert found.report["stale_corrections"] == [str(act.parent / "corrections" / "my-lamps.toml")]
    assert "stale-corrections" in found.report["flags"]


def test_a_heading_above_a_number_that_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "lampu.pdf"
    text = "UNDANG-UNDANG TENTANG LAMPU\n"
    text += "".join(f"Pasal {n}\nPenjaga wajib menyalakan lampu nomor {n}.\n" for n in (1, 2))
    path.write_bytes(pdf(typed(text + "Ketentuan pidana\nPasal 3\nPenjaga yang lalai dipidana.")))
    head = HEAD.format(digest=digest(path)).replace('"en"', '"id"').replace("lamps", "lampu")
    folder = tmp_path / "corrections"
    folder.mkdir()
    (folder / "lampu.toml").write_text(head + entry("Ketentuan pidana", "heading"), "utf-8")
    path.with_suffix(".toml").write_text('id = "/akn/unknown/doc/lampu"\nlanguage = "id"\n')
    (found,) = parse(path, corrections=load(folder))
    last = found.provisions[-1]
    assert (last.label, last.heading, last.text) == ("Pasal 3", "Ketentuan pidana", "Penjaga yang lalai dipidana.")
    assert found.provisions[-2].text == "Penjaga wajib menyalakan lampu nomor 2."


def test_a_text_without_numbering_gets_it_from_the_file_of_corrections(tmp_path: Path) -> None:
    path = tmp_path / "lamps.pdf"
    path.write_bytes(pdf(typed("Rules of the lamp house\nFirst rule\nLamps are lit.\nSecond rule\nThey are cleaned.")))
    units = entry("First rule", "unit", number="1", rest="") + entry("Second rule", "unit", number="2", heading="Soap")
    with pytest.raises(MetadataError, match=r"correction 1: no numbering was found here.*family"):
        parse(path, corrections=book(path, units))
    (found,) = parse(path, corrections=book(path, 'family = "sections-en"\n' + units))
    right = sections(found)
    assert (right["1"].text, right["2"].heading) == ("Lamps are lit.", "Soap")
    assert right["2"].text == "Second rule They are cleaned."


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (entry("No such line", "not-unit"), "correction 1: page 1 has no line of text that begins with 'No such line'"),
        (entry("1. This", "not-unit").replace("page = 1", "page = 2"), "correction 1: page 2 has no line of text"),
        (entry("3", "not-unit"), "correction 1: page 1 has 2 such lines"),
        (RIGHT + entry("Records", "not-unit"), "correction 6: no unit begins on this line"),
        (entry("Penalty", "heading"), "correction 1: no unit begins right below this line"),
        (entry("1. This", "number", number="one"), "correction 1: 'one' is no number"),
        (entry("1. This", "number"), "correction 1: number goes with"),
        (entry("1. This", "chapter"), "correction 1: what 'chapter' is not known"),
        (entry("1. This", "not-unit", colour="red"), "correction 1: unknown field 'colour'"),
        (entry("1. This", "not-unit").replace('who = "A. Wong"\n', ""), "correction 1: who is missing"),
        (entry("1. This", "not-unit").replace("2026-11-02", '"lately"'), "correction 1: when 'lately' is no date"),
        (entry("1. This", "not-unit").replace("page = 1", 'page = "1"'), "correction 1: page must be a number"),
        ('familly = "sections-en"\n', "unknown field 'familly'"),
        ('family = "sektions"\n', "family 'sektions' is not known"),
        ("[correction]\n", "correction is not a list of tables"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_entry(act: Path, entries: str, said: str) -> None:
    with pytest.raises(MetadataError) as raised:
        parse(act, corrections=book(act, entries))
    assert "my-lamps.toml" in str(raised.value)
    assert said in str(raised.value)


def test_a_wrong_head_is_named_too(act: Path) -> None:
    for old, new, said in (
        ("version = 1", "version = 2", "version must be 1"), ('"en"', '"xx"', "language 'xx' is not known"),
        (digest(act), "abc", "source_digest is no SHA-256"), ('id = "', 'ident = "', "unknown field 'ident'"),
    ):  # fmt: skip
        book(act, "")
        path = act.parent / "corrections" / "my-lamps.toml"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        with pytest.raises(MetadataError, match=said):
            load(path.parent)
    known = book(act, "")
    (act.parent / "corrections" / "other.toml").write_text(HEAD.format(digest=digest(act)), "utf-8")
    with pytest.raises(MetadataError, match=r"other\.toml: the same file is corrected in .*my-lamps\.toml"):
        load(act.parent / "corrections")
    act.with_suffix(".toml").write_text('id = "/akn/sg/act/2041/3"\njurisdiction = "sg"\n')
    with pytest.raises(MetadataError, match=r"is /akn/sg/act/2041/3, not /akn/unknown/doc/lamps"):
        parse(act, corrections=known)


def test_a_changed_correction_reads_its_file_again_and_no_other(act: Path, tmp_path: Path) -> None:
    (tmp_path / "boats.pdf").write_bytes(pdf(typed(ACT.replace("LAMPS", "BOATS"))))

    def run(corrections: Book) -> list[str]:
        with Store(tmp_path / "store.db") as store:
            return [o.state for o in ingest([tmp_path], store, None, workers=1, corrections=corrections)]

    assert run(Book()) == [ADDED, ADDED]
    # Files that did not change are told first.
    assert run(book(act, RIGHT)) == [UNCHANGED, CHANGED]
    assert run(book(act, RIGHT)) == [UNCHANGED, UNCHANGED]
    assert run(book(act, RIGHT.replace("Oil and tins", "Tins"))) == [UNCHANGED, CHANGED]
    with Store(tmp_path / "store.db") as store:
        assert "Tins" in [u.heading for u in store.units()]


def test_the_files_of_the_catalogue_are_well_formed() -> None:
    load(Path(__file__).parents[2] / "corpus" / "catalogue" / "corrections")
