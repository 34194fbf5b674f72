"""What becomes of texts is written down with them, and can be read again."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CORPUS, ID, PH, SG, Section, expression

from lawsearch import store as storing
from lawsearch.history import between
from lawsearch.integrity import flaws
from lawsearch.journal import day, dumped, loaded
from lawsearch.provision import Expression, Provision
from lawsearch.store import Store

LIGHT = "A keeper must light every lamp at dusk and keep it lit until sunrise on the next day."
SOONER = LIGHT.replace("at dusk", "at sunset")
OIL = "(1) Lamp oil must be clean.\n(2) Lamp oil must be bought from a licensed seller of oil."
ONE, TWO = f"{SG.id}/en/~sec_1", f"{SG.id}/en/~sec_2"


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the day that a store thinks it is."""

    def set_day(today: str) -> None:
        monkeypatch.setattr(storing, "_now", lambda: f"{today}T02:15:00+00:00")

    return set_day


@pytest.fixture
def store(tmp_path: Path, on: Callable[[str], None]) -> Iterator[Store]:
    on("2031-01-01")
    with Store(tmp_path / "store.db") as store:
        yield store


def act(*rows: tuple[str, str], **given: object) -> Expression:
    """An Act of (number, text)."""
    sections: list[Section] = [(number, "Lamps", text) for number, text in rows]
    return replace(expression(SG, "en", sections, source="a.pdf"), **given)


def put(store: Store, *rows: tuple[str, str], **given: object) -> None:
    store.put("a.pdf", [act(*rows, **given)], "test")


def kinds(store: Store, since: int) -> list[tuple[str, str]]:
    return [(c.kind, c.version.provision[-1]) for c in store.journal.changes(since, store.journal.last_event())]


def test_a_provision_keeps_its_wordings_and_when_they_were_seen(store: Store, on: Callable[[str], None]) -> None:
    put(store, ("1", LIGHT), ("2", OIL))
    on("2031-02-01")
    put(store, ("1", SOONER), ("2", OIL), source_digest="1" * 64)
    on("2031-03-01")
    put(store, ("2", OIL), source_digest="2" * 64)
    first, second = store.journal.history(ONE)
    assert [(v.since[:10], v.until[:10]) for v in (first, second)] == [
        ("2031-01-01", "2031-02-01"), ("2031-02-01", "2031-03-01"),
    ]  # fmt: skip
    assert [store.journal.read(v)[0].text for v in (first, second)] == [LIGHT, SOONER]
    (oil,) = store.journal.history(TWO)
    assert oil.stands
    assert store.journal.read(oil) == store.unit(TWO)
    assert len(store.journal.read(oil)) == 3


def test_nothing_is_noted_where_nothing_changed(store: Store) -> None:
    put(store, ("1", LIGHT))
    put(store, ("1", LIGHT), source_digest="1" * 64)
    assert store.journal.last_event() == 1
    assert store.remove("other.pdf") == 0
    assert store.journal.last_event() == 1


def test_an_event_says_what_became_of_a_text(store: Store) -> None:
    put(store, ("1", LIGHT))
    rows: list[Section] = [("5", "Lampu", "Penjaga wajib menyalakan lampu.")]
    store.put("b.pdf", [expression(ID, "id", rows), expression(ID, "en", rows)], "test")
    put(store, ("1", SOONER))  # the same file, read otherwise
    put(store, ("1", SOONER), instrument=replace(SG, status="repealed"))
    store.put("b.pdf", [expression(ID, "id", rows)], "test")
    store.remove("b.pdf")
    found = store.journal.events(last=store.journal.last_event(), most=10)[::-1]
    assert [(e.kind, e.instrument.id, e.language, e.same_file) for e in found] == [
        ("instrument added", SG.id, "en", False),
        ("instrument added", ID.id, "id", False),
        ("text added", ID.id, "en", False),
        ("changed", SG.id, "en", True),
        ("changed", SG.id, "en", True),
        ("text removed", ID.id, "en", False),
        ("instrument removed", ID.id, "id", False),
    ]
    assert [e.number for e in store.journal.texts()] == [5]
    assert store.journal.instrument(ID.id).title == ID.title
    report = between(store, 4, 5)
    assert [(t.kind, dict(t.facts)) for t in report.texts] == [("facts", {"status": (SG.status, "repealed")})]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([("1", LIGHT), ("2", OIL)], []),
        ([("1", SOONER), ("2", OIL)], [("changed", "1")]),
        ([("1", LIGHT)], [("removed", "2")]),
        ([("1", LIGHT), ("2", OIL), ("3", "Fees are due.")], [("added", "3")]),
        ([("3", LIGHT), ("2", OIL)], [("moved", "3")]),
        ([("3", SOONER), ("2", OIL)], [("moved", "3")]),
        ([("1", "Fees are due."), ("2", LIGHT), ("3", OIL)], [("added", "1"), ("moved", "2"), ("moved", "3")]),
    ],
)  # fmt: skip
def test_what_changed_between_two_events(store: Store, then: list[tuple[str, str]], expected: list) -> None:
    put(store, ("1", LIGHT), ("2", OIL))
    put(store, *then)
    assert sorted(kinds(store, 1), key=lambda k: k[1]) == expected
    assert kinds(store, store.journal.last_event()) == []


def test_what_was_changed_and_changed_back_is_no_change(store: Store) -> None:
    for text in (LIGHT, SOONER, LIGHT):
        put(store, ("1", text))
    assert (kinds(store, 1), kinds(store, 2)) == ([], [("changed", "1")])
    assert len(store.journal.history(ONE)) == 3


def test_instruments_that_come_and_go_are_told_whole(store: Store) -> None:
    put(store, ("1", LIGHT), ("2", OIL))
    store.put("c.pdf", [replace(CORPUS[2], source="c.pdf")], "test")
    store.remove("a.pdf")
    whole = between(store, 1, store.journal.last_event())
    assert whole.changes == ()
    assert [(t.kind, t.instrument.id, t.units, t.whole) for t in whole.texts] == [
        ("added", PH.id, 5, True), ("removed", SG.id, 2, True),
    ]  # fmt: skip


def test_what_is_removed_and_read_again_goes_on(store: Store, on: Callable[[str], None]) -> None:
    put(store, ("1", LIGHT))
    on("2031-02-01")
    store.remove("a.pdf")
    on("2031-03-01")
    put(store, ("1", SOONER))
    first, second = store.journal.history(ONE)
    assert (first.line, first.until[:7], second.since[:7]) == (second.line, "2031-02", "2031-03")
    assert store.journal.at(ONE, day(date(2031, 2, 15))) is None


def test_a_number_that_another_provision_took_over(store: Store, on: Callable[[str], None]) -> None:
    put(store, ("1", LIGHT))
    digest = store.provision(ONE).digest
    on("2031-02-01")
    put(store, ("1", OIL), ("2", LIGHT))
    journal = store.journal
    assert [v.provision for v in journal.history(TWO)] == [ONE, TWO]
    (oil,) = journal.history(ONE)
    assert [v.provision for v in journal.others(ONE, oil.line)] == [ONE]
    assert journal.moved_to(ONE, digest) == TWO
    assert journal.moved_to(ONE, store.provision(ONE).digest) == ""
    assert journal.moved_to(ONE, "unknown") == ""
    # In January section 1 was that on light, whatever has the number now; and so was what is section 2 now.
    january = [journal.at(key, day(date(2031, 1, 15))) for key in (ONE, TWO)]
    assert [journal.read(v)[0].text for v in january if v] == [LIGHT, LIGHT]
    # Whoever takes a former number takes over nothing else.
    on("2031-03-01")
    put(store, ("2", LIGHT))
    put(store, ("2", LIGHT), ("1", "Fees are due on the first day of every year."))
    assert [journal.read(v)[0].text for v in journal.history(TWO)] == [LIGHT, LIGHT]


def test_a_part_moves_with_its_section(store: Store) -> None:
    put(store, ("1", OIL))
    part = store.provision(f"{ONE}__subsec_2")
    put(store, ("1", LIGHT), ("2", OIL))
    assert store.journal.moved_to(part.id, part.digest) == f"{TWO}__subsec_2"
    found = store.journal.wording(part.id, part.digest)
    assert found is not None
    assert found[1] == part


@pytest.mark.parametrize(
    ("today", "text"), [((2031, 1, 1), LIGHT), ((2031, 1, 31), LIGHT), ((2031, 2, 1), SOONER), ((2040, 1, 1), SOONER)]
)
def test_as_of_a_day_is_as_of_its_end(
    store: Store, on: Callable[[str], None], today: tuple[int, int, int], text: str
) -> None:
    put(store, ("1", LIGHT))
    on("2031-02-01")
    put(store, ("1", SOONER))
    version = store.journal.at(ONE, day(date(*today)))
    assert version is not None
    assert store.journal.read(version)[0].text == text
    assert store.journal.at(ONE, day(date(2030, 12, 31))) is None


def test_a_failing_put_leaves_no_trace(store: Store) -> None:
    put(store, ("1", LIGHT))
    doubled = act(("1", SOONER))
    doubled = replace(doubled, provisions=(*doubled.provisions, doubled.provisions[0]))
    with pytest.raises(sqlite3.IntegrityError):
        store.put("a.pdf", [doubled], "test")
    assert store.journal.last_event() == 1
    assert [v.stands for v in store.journal.history(ONE)] == [True]


def test_a_record_is_read_as_it_was_written() -> None:
    for e in CORPUS:
        assert loaded(dumped(e.provisions)) == e.provisions
    # A closing line has neither number nor label, a scanned one flags.
    bare = Provision(instrument=SG.id, language="en", eid="end", kind="explanation", number="", label="", citation="")
    flagged = replace(bare, flags=("ocr", "page-wise"), path=("PART 1", "Ends"))
    assert loaded(dumped([bare, flagged])) == (bare, flagged)


def _downgraded(path: Path) -> None:
    """The store as the version before the journal left it."""
    with sqlite3.connect(path) as db:
        db.execute("drop table events")
        db.execute("drop table versions")
        db.execute("pragma user_version = 1")
    db.close()


def test_a_store_without_a_journal_gets_one_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(path) as store:
        for e in CORPUS:
            store.put(e.source, [e], "test")
        before = store.digest(), store.counts(), store.entries()
    _downgraded(path)
    with Store(path) as store:
        assert (store.digest(), store.counts(), store.entries()) == before
        entries = store.entries()
        assert store.journal.last_event() == len(CORPUS)
        for e in CORPUS:
            for p in e.provisions:
                if p.is_unit:
                    (version,) = store.journal.history(p.id)
                    assert store.journal.read(version) == store.unit(p.id)
                    ingested = [x.source.ingested for x in entries if x.source.path == e.source]
                    assert [version.since] == ingested
    with Store(path) as store:
        assert store.journal.last_event() == len(CORPUS)


def test_a_migration_that_is_killed_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    with Store(path) as store:
        for e in CORPUS:
            store.put(e.source, [e], "test")
    _downgraded(path)
    with monkeypatch.context() as patched:
        patched.setattr("lawsearch.journal.Journal._begin", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Store(path)
    with sqlite3.connect(path) as db:
        assert db.execute("pragma user_version").fetchone() == (1,)
        assert not db.execute("select 1 from sqlite_master where name = 'versions'").fetchall()
    db.close()
    with Store(path) as store:
        assert store.journal.last_event() == len(CORPUS)


TEXTS = st.dictionaries(
    st.sampled_from("1234"), st.sampled_from([LIGHT, SOONER, OIL, "Repealed.", "Fees are due."]), max_size=4
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), TEXTS.filter(bool)), min_size=1, max_size=6))
def test_every_past_state_can_be_read_again(states: list[dict[str, str] | None]) -> None:
    """Whatever is put and removed, the versions at an event are the text as it stood, and lines never overlap."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store.db") as store:
        stood: dict[int, dict[str, str]] = {}
        for state in states:
            if state is None:
                store.remove("a.pdf")
            else:
                put(store, *sorted(state.items()))
            stood[store.journal.last_event()] = state or {}
            assert list(flaws(store.path, read_only=False)) == []
        every = {v.number: v for n in "1234" for v in store.journal.history(f"{SG.id}/en/~sec_{n}")}
        every |= {v.number: v for v in store.journal.former()}
        for event, state in stood.items():
            there = [v for v in every.values() if v.at(event)]
            assert {v.provision[-1]: store.journal.read(v)[0].text for v in there} == state
            assert len({v.line for v in there}) == len(there)
        for since, state in stood.items():
            for until, later in stood.items():
                if since < until and state and later:
                    now = dict(state)
                    changes = store.journal.changes(since, until)
                    for v in [c.before for c in changes if c.before]:
                        del now[v.provision[-1]]
                    now |= {v.provision[-1]: store.journal.read(v)[0].text for c in changes if (v := c.after)}
                    assert now == later


@pytest.mark.parametrize("damage", ["update versions set digest = 'x'", "delete from versions",
                                    "delete from provisions where parent = ''"])  # fmt: skip
def test_a_journal_that_does_not_fit_the_texts_is_found(store: Store, damage: str) -> None:
    put(store, ("1", LIGHT), ("2", OIL))
    put(store, ("1", SOONER), ("3", OIL))
    assert list(flaws(store.path, read_only=False)) == []
    with sqlite3.connect(store.path) as db:
        db.execute(damage)
    db.close()
    assert any("the journal does not say of" in flaw for flaw in flaws(store.path, read_only=False))
