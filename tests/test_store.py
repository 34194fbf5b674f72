from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CORPUS, ID, PH, SG, expression

from lawsearch.errors import MetadataError, NotFoundError
from lawsearch.integrity import flaws
from lawsearch.provision import Expression
from lawsearch.store import Changes, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as store:
        yield store


def put_all(store: Store, expressions: tuple[Expression, ...] | list[Expression] = CORPUS) -> None:
    for e in expressions:
        store.put(e.source, [e], "test 1")


def state(store: Store) -> tuple[object, ...]:
    return store.digest(), [u.id for u in store.units()], [(e.source.path, e.source.maker) for e in store.entries()]


#: What no digest of a text shows.
CHANGES = (
    "update provisions set citation = 's 2' where kind = 'section' and instrument = ?",
    "update expressions set report = '[]' where instrument = ?", "update events set time = '' where instrument = ?",
    "update versions set record = '[ ]' where ended is not null and instrument = ?",
    "update sums set sum = '' where instrument = ?",
)  # fmt: skip


def path_of(store: Store) -> Path:
    """Where a copy of a store is spoilt."""
    return store.path.with_name("copy.db")


def test_all_that_is_stored_of_a_text_has_a_sum(store: Store) -> None:
    put_all(store)
    store.put(CORPUS[0].source, [replace(CORPUS[0], provisions=CORPUS[0].provisions[:3])], "test 2")
    store.remove(CORPUS[1].source)
    store.snapshot(path_of(store))
    assert list(flaws(path_of(store))) == []
    whole = path_of(store).read_bytes()
    for change in CHANGES:
        with closing(sqlite3.connect(path_of(store))) as db, db:
            assert db.execute(change, [CORPUS[0].instrument.id]).rowcount, change
        (said,) = flaws(path_of(store))
        assert said == f"what is stored of 1 texts is not what was ({CORPUS[0].instrument.id} (en))", change
        path_of(store).write_bytes(whole)


def test_a_store_of_before_there_were_sums_gets_them_as_texts_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(path) as store:
        put_all(store)
    with sqlite3.connect(path) as db:
        db.execute("drop table sums")
    db.close()
    assert list(flaws(path)) == []
    with Store(path) as store:
        store.put(CORPUS[0].source, [CORPUS[0]], "test 2")
        (count,) = store._db.execute("select count(*) from sums").fetchone()
    assert count == 1
    assert list(flaws(path)) == []


def test_what_is_put_is_read_again(store: Store) -> None:
    put_all(store)
    for e in CORPUS:
        kept = store.contents(e.instrument.id, e.language)
        assert kept == [p for p in e.provisions if p.is_unit]
        for unit in kept:
            assert store.children(unit) == [p for p in e.provisions if p.parent == unit.eid]
            assert store.provision(unit.id) == unit
    assert store.counts() == {
        "expressions": len(CORPUS),
        "units": sum(p.is_unit for e in CORPUS for p in e.provisions),
        "provisions": sum(len(e.provisions) for e in CORPUS),
    }


def test_children_come_in_the_order_of_the_text(store: Store) -> None:
    rows = [("5", "Ten duties", "\n".join(f"({n}) duty number {n}" for n in range(1, 12)))]
    store.put("a.pdf", [expression(SG, "en", rows)], "test")
    (unit,) = store.units()
    assert [p.number for p in store.children(unit)] == [str(n) for n in range(1, 12)]


def test_a_second_put_replaces_everything_of_its_file(store: Store) -> None:
    put_all(store)
    shorter = expression(SG, "en", [("5", "Duty", "A keeper must light the lamp.")])
    store.put(CORPUS[0].source, [shorter], "test 2")
    assert [p.id for p in store.contents(SG.id, "en")] == [f"{SG.id}/en/~sec_5"]
    with pytest.raises(NotFoundError):
        store.provision(f"{SG.id}/en/~sec_6")
    with pytest.raises(NotFoundError):
        store.provision(f"{SG.id}/en/~sec_5__subsec_1")
    assert store.source(CORPUS[0].source).maker == "test 2"


def test_a_file_that_now_is_another_law_leaves_nothing_of_the_former(store: Store) -> None:
    put_all(store, CORPUS[:1])
    store.put(CORPUS[0].source, [replace(CORPUS[2], source=CORPUS[0].source)], "test")
    assert list(store.instruments()) == [PH.id]


def test_a_failing_put_leaves_everything_as_it_was(store: Store) -> None:
    put_all(store)
    before = state(store)
    doubled = replace(CORPUS[0], provisions=(*CORPUS[0].provisions, CORPUS[0].provisions[1]))
    with pytest.raises(sqlite3.IntegrityError):
        store.put(CORPUS[0].source, [doubled], "test 2")
    assert state(store) == before
    put_all(store)
    assert state(store) == before


def test_two_files_of_one_expression_conflict(store: Store, tmp_path: Path) -> None:
    one, two = tmp_path / "one.pdf", tmp_path / "two.pdf"
    one.touch()
    two.touch()
    store.put(str(one), [replace(CORPUS[0], source=str(one))], "test")
    before = state(store)
    with pytest.raises(MetadataError) as caught:
        store.put(str(two), [replace(CORPUS[0], source=str(two))], "test")
    assert str(one) in caught.value.problem
    assert str(two) in caught.value.problem
    assert state(store) == before


def test_a_moved_file_takes_its_expression_along(store: Store, tmp_path: Path) -> None:
    old, new = tmp_path / "old.pdf", tmp_path / "new.pdf"
    old.touch()
    store.put(str(old), [replace(CORPUS[0], source=str(old))], "test")
    digest = store.digest()
    old.rename(new)
    store.put(str(new), [replace(CORPUS[0], source=str(new))], "test")
    assert store.digest() == digest
    assert store.source(str(old)) is None
    assert store.source(str(new)) is not None


def test_remove(store: Store) -> None:
    put_all(store)
    assert store.remove(CORPUS[2].source) == 1
    assert PH.id not in store.instruments()
    assert store.remove(CORPUS[2].source) == 0


@settings(deadline=None, max_examples=15)
@given(st.permutations(CORPUS), st.sets(st.integers(0, len(CORPUS) - 1)))
def test_ids_facts_and_digest_do_not_depend_on_the_order_of_ingestion(order: list[Expression], again: set[int]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "one.db") as one,
        Store(Path(folder) / "two.db") as two,
    ):
        put_all(one)
        put_all(two, order)
        put_all(two, [CORPUS[i] for i in again])
        assert one.digest() == two.digest()
        assert [u.id for u in one.units()] == [u.id for u in two.units()]
        assert one.instruments() == two.instruments()


@pytest.mark.parametrize("change", ["heading", "text", "facts"])
def test_the_digest_sees_every_change(store: Store, change: str) -> None:
    put_all(store)
    before = store.digest()
    first = CORPUS[2]
    rows = [(p.number, p.heading, p.text) for p in first.provisions if p.is_unit]
    if change == "heading":
        rows[0] = (rows[0][0], "Name", rows[0][2])
    elif change == "text":
        rows[0] = (*rows[0][:2], rows[0][2] + " Soon.")
    facts = replace(PH, status="in force") if change == "facts" else PH
    store.put(first.source, [expression(facts, "en", rows)], "test")
    assert store.digest() != before


def test_facts_are_those_of_the_authoritative_expression(store: Store) -> None:
    rows = [("1", "Title", "This is the law.")]
    store.put("a.pdf", [expression(replace(ID, title="By the translator"), "en", rows)], "test")
    assert store.instruments()[ID.id].title == "By the translator"
    store.put("b.pdf", [expression(ID, "id", rows)], "test")
    assert store.instruments()[ID.id].title == ID.title
    assert store.instruments()[ID.id].languages == ("en", "id")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f"{SG.id}/en/~sec_6", f"{SG.id}/en/~sec_6"),
        (f"{SG.id}/~sec_6", f"{SG.id}/en/~sec_6"),
        (f"{ID.id}/~sec_5", f"{ID.id}/id/~sec_5"),
        (f"{ID.id}/en/~sec_5", f"{ID.id}/en/~sec_5"),
        (f"{SG.id}/~sec_5__subsec_3", f"{SG.id}/en/~sec_5__subsec_3"),
        (f"{SG.id}/~subsec_3", f"{SG.id}/en/~sec_5__subsec_3"),
    ],
)
def test_resolve(store: Store, asked: str, found: str) -> None:
    put_all(store)
    assert store.resolve(asked).id == found


@pytest.mark.parametrize(
    "asked", [f"{SG.id}/~sec_66", f"{SG.id}/~sec%6", f"{SG.id}", "", "~sec_6", f"{SG.id}/th/~sec_6"]
)
def test_resolve_nothing(store: Store, asked: str) -> None:
    put_all(store)
    with pytest.raises(NotFoundError):
        store.resolve(asked)


def test_resolve_asks_back_where_more_than_one_fits(store: Store) -> None:
    put_all(store)
    with pytest.raises(NotFoundError) as caught:
        store.resolve(f"{SG.id}/~subsec_2")
    assert "3 provisions" in caught.value.problem
    assert f"{SG.id}/en/~sec_6__subsec_2" in caught.value.remedy


@pytest.mark.parametrize("folder", ["plain", "a#b %41?c"])
def test_a_snapshot_is_a_copy_of_its_own(store: Store, tmp_path: Path, folder: str) -> None:
    put_all(store)
    (tmp_path / folder).mkdir()
    path = tmp_path / folder / "snapshot.db"
    store.snapshot(path)
    before = state(store)
    store.remove(CORPUS[0].source)
    with Store(path, read_only=True) as copy:
        assert state(copy) == before
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            copy.remove(CORPUS[0].source)
    assert [p.name for p in (tmp_path / folder).iterdir()] == ["snapshot.db"]


def test_a_store_that_is_not_there_or_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="lawsearch ingest"):
        Store(tmp_path / "none.db", read_only=True)
    assert not (tmp_path / "none.db").exists()
    Store(tmp_path / "old.db").close()
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.execute("pragma user_version = 99")
    db.close()
    for read_only in (True, False):
        with pytest.raises(NotFoundError, match="schema 99"):
            Store(tmp_path / "old.db", read_only=read_only)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are my notes, and they are longer than the header of a database. " * 40)
    for read_only in (True, False):
        with pytest.raises(NotFoundError, match="cannot be read as a store"):
            Store(path, read_only=read_only)
    assert path.read_text().startswith("These are my notes")


def test_a_new_text_tells_what_it_changed(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        first = store.put(
            "a.pdf", [expression(SG, "en", [("1", "A", "One."), ("2", "B", "Two."), ("3", "C", "3.")])], "t"
        )
        assert (len(first.added), first.changed, first.gone) == (3, (), ())
        rows = [("1", "A", "One."), ("2", "B", "Two, or more."), ("2A", "D", "New.")]
        then = store.put("a.pdf", [expression(SG, "en", rows)], "t")
        assert then == Changes(
            added=(f"{SG.id}/en/~sec_2A",), changed=(f"{SG.id}/en/~sec_2",), gone=(f"{SG.id}/en/~sec_3",)
        )
        assert store.put("a.pdf", [expression(SG, "en", rows)], "t") == Changes()


def test_a_new_text_tells_what_was_renumbered(store: Store) -> None:
    put_all(store)
    rows = [("6A" if p.number == "6" else p.number, p.heading, p.text) for p in CORPUS[0].provisions if p.is_unit]
    told = store.put(CORPUS[0].source, [expression(SG, "en", rows)], "test")
    assert told == Changes(moved=(f"{SG.id}/en/~sec_6A",))
    # The file is another law now: all of the former is gone.
    told = store.put(CORPUS[0].source, [replace(CORPUS[2], source=CORPUS[0].source)], "test")
    assert (len(told.gone), told.moved) == (len(rows), ())
