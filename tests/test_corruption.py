"""Bits that flip on the disk: found, named, survived, and put right."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import nights
import pytest
from fastapi.testclient import TestClient
from nights import night_of, served, settings_of, write

from lawsearch import service
from lawsearch.api import create_app
from lawsearch.generation import current_name, generations_dir, names
from lawsearch.indexing import build
from lawsearch.integrity import SUMS
from lawsearch.run import OK
from lawsearch.settings import Settings
from lawsearch.verification import generation_findings, repair, verify

#: Flips of a file that has no sum of its own, and of which half may hit what nothing is stored in.
TRIED = 60


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generations, of which the second has former wordings."""
    folder = tmp_path_factory.mktemp("pristine")
    for edition in ("first", "second"):
        write(folder / "laws", edition)
        assert night_of(settings_of(folder)).result == OK
    assert verify(settings_of(folder)).findings == []
    return folder


@pytest.fixture
def settings(pristine: Path, tmp_path: Path) -> Settings:
    """An index of one's own."""
    shutil.copytree(pristine / "index", tmp_path / "index")
    return settings_of(pristine, index_dir=tmp_path / "index")


def flip(path: Path, place: int, bit: int = 3) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def current(settings: Settings) -> Path:
    return generations_dir(settings.index_dir) / str(current_name(settings.index_dir))


def mended(settings: Settings) -> list[str]:
    """Put right what is found; what was told of it."""
    told: list[str] = []
    repair(settings, verify(settings), lambda: build(settings, nights.models(), force=True), told.append)
    assert verify(settings).findings == []
    return told


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Settings], TestClient]]:
    """A server, to be asked."""
    monkeypatch.setattr("lawsearch.search.load_models", lambda _: nights.models())
    monkeypatch.setattr(service, "EVERY", 0.0)
    opened = []

    def make(settings: Settings) -> TestClient:
        opened.append(TestClient(create_app(settings), base_url="http://127.0.0.1:8000"))
        return opened[-1].__enter__()

    yield make
    for client in opened:
        client.__exit__(None, None, None)


def test_a_bit_in_any_file_of_a_generation_is_found_named_and_not_served(
    settings: Settings, asking: Callable[[Settings], TestClient]
) -> None:
    folder, rng = current(settings), random.Random(1)
    found = [path for path in files(folder) if path.stat().st_size]
    assert len(found) > 20
    for path in found:
        place, bit = rng.randrange(path.stat().st_size), rng.randrange(8)
        flip(path, place, bit)
        said = [str(one) for one in generation_findings(folder)]
        assert said, f"{path}, byte {place}, bit {bit}"
        # A list of sums that is wrong accuses another file, or is none.
        assert path.name == SUMS or any(str(path) in one for one in said)
        if path.name in ("whole.npy", "rarity.npy", "store.db", "manifest.json", SUMS):
            answer = asking(settings).get("/api/search?q=lamps")
            assert answer.status_code == 503, path
            assert str(folder) in answer.json()["detail"]
            assert "lawsearch" in answer.json()["remedy"]
        flip(path, place, bit)
    assert generation_findings(folder) == []


@pytest.mark.parametrize(
    "name", ["whole.npy", "links/data.npy", "store.db", "manifest.json", "units.txt", "former/parts.npy", SUMS]
)
def test_a_damaged_generation_is_built_again(settings: Settings, name: str) -> None:
    before, folder = served(settings), current(settings)
    flip(folder / name, (folder / name).stat().st_size // 2)
    assert any(str(folder) in str(one) for one in verify(settings).findings)
    told = mended(settings)
    assert "is served meanwhile" in told[0]
    assert f"{folder.name} is removed" in told
    assert served(settings) == before


def test_a_server_keeps_to_what_it_has_where_the_next_is_damaged(
    settings: Settings, asking: Callable[[Settings], TestClient]
) -> None:
    good, current_file = current(settings).name, settings.index_dir / "CURRENT"
    client = asking(settings)
    spoilt = shutil.copytree(current(settings), generations_dir(settings.index_dir) / "20990101T000000-spoilt")
    flip(spoilt / "whole.npy", 200)
    current_file.write_text(spoilt.name + "\n")
    for _ in range(20):
        assert client.get("/api/search?q=lamps").json()["generation"] == good
    flip(spoilt / "whole.npy", 200)
    for _ in range(400):
        if client.get("/api/search?q=lamps").json()["generation"] == spoilt.name:
            break
    else:
        pytest.fail("put right, it is not served")


@pytest.mark.parametrize("written", ["", "20990101T000000-none\n", "\x00\x01"])
def test_a_damaged_name_of_the_current_generation(settings: Settings, written: str) -> None:
    before = served(settings)
    (settings.index_dir / "CURRENT").write_text(written)
    assert any(str(settings.index_dir) in str(one) for one in verify(settings).findings)
    mended(settings)
    assert served(settings) == before


def dump(path: Path) -> list[str]:
    """All that a database holds."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table' order by 1")]
        return [f"{name} {row}" for name in tables for row in db.execute(f"select * from {name} order by 1, 2, 3")]


@pytest.mark.parametrize("name", ["store.db", "embeddings.db"])
def test_a_bit_in_the_store_or_the_cache_is_found_or_changes_nothing(settings: Settings, name: str) -> None:
    path, rng = settings.index_dir / name, random.Random(2)
    held, whole, found = dump(path), path.read_bytes(), 0
    for _ in range(TRIED):
        place, bit = rng.randrange(len(whole)), rng.randrange(8)
        flip(path, place, bit)
        said = [str(one) for one in verify_only(settings, name)]
        if said:
            found += 1
            assert all(one.startswith(str(path)) for one in said)
        else:
            assert dump(path) == held, f"byte {place}, bit {bit}"
        path.write_bytes(whole)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert found > TRIED // 10


def verify_only(settings: Settings, name: str) -> tuple[object, ...]:
    """What is found of a file beside the generations."""
    alone = settings.model_copy(update={"index_dir": settings.index_dir.with_name("alone")})
    shutil.rmtree(alone.index_dir, ignore_errors=True)
    alone.index_dir.mkdir()
    (alone.index_dir / name).symlink_to(settings.index_dir / name)
    verdict = verify(alone)
    found = verdict.store if name == "store.db" else verdict.cache
    return tuple(str(one).replace(str(alone.index_dir), str(settings.index_dir)) for one in found)


def middle_of(path: Path, text: bytes) -> int:
    """A place within a text that a file holds."""
    place = path.read_bytes().find(text)
    assert place > 0
    return place + len(text) // 2


@pytest.mark.parametrize("text", [b"a licensed seller", b"Boats Act 2041", b"sec_2", b'"flags"'])
def test_a_damaged_store_is_what_it_was(settings: Settings, text: bytes) -> None:
    before = served(settings)
    held = dump(settings.store_path)
    flip(settings.store_path, middle_of(settings.store_path, text), 0)
    assert {one.where for one in verify(settings).store} == {str(settings.store_path)}
    told = mended(settings)
    assert any("the damaged one is" in one for one in told)
    assert served(settings) == before
    assert dump(settings.store_path) == held
    assert night_of(settings).unchanged == len(nights.LAWS)


def test_of_a_damaged_cache_only_what_is_damaged_is_embedded_again(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.embeddings_path)) as db:
        (blob,) = db.execute("select vector from vectors limit 1").fetchone()
    # The lowest bit of a number: no length shows it.
    flip(settings.embeddings_path, settings.embeddings_path.read_bytes().find(blob), 0)
    (found,) = verify(settings).findings
    assert str(found) == f"{settings.embeddings_path}: 1 vectors are not what was kept"
    by, told = nights.models(), []
    repair(settings, verify(settings), lambda: build(settings, by, force=True), told.append)
    assert verify(settings).findings == []
    assert len({*by.multilingual.embedded, *by.english.embedded}) == 1
    settings.embeddings_path.write_bytes(b"SQLite format 3\0" + bytes(4080))
    assert verify(settings).cache
    assert any("everything is embedded again" in one for one in mended(settings))


def test_without_a_sound_generation_a_damaged_store_is_not_made_up(settings: Settings) -> None:
    from lawsearch.errors import LawsearchError

    for name in names(settings.index_dir):
        flip(generations_dir(settings.index_dir) / name / "store.db", 5000)
    flip(settings.store_path, middle_of(settings.store_path, b"a licensed seller"))
    with pytest.raises(LawsearchError, match="read the documents again"):
        mended(settings)
    for path in settings.index_dir.glob("store.db*"):
        path.unlink()
    shutil.rmtree(generations_dir(settings.index_dir))
    assert night_of(settings).result == OK, "from the documents everything can be had again"
    assert all("edition second" in text for text in served(settings).values())
