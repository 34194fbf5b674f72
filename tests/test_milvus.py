"""What looks for the nearest vectors: the same questions to FAISS, to milvus-lite and to a Milvus server."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import milvus_server
import numpy as np
import pytest
from laws import CORPUS, PH
from test_vectors import unit

from lawsearch.answer import Filters
from lawsearch.embedding import Models
from lawsearch.errors import GenerationError, SettingsError
from lawsearch.generation import Generation, collections, current_name, generations_dir, names, tidy
from lawsearch.indexing import build, up_to_date
from lawsearch.milvus import LISTED, Milvus, engine, expression
from lawsearch.search import Searcher
from lawsearch.settings import IndexSettings, Settings, load_settings
from lawsearch.store import Store
from lawsearch.vectors import Nearest, VectorIndex, write
from lawsearch.verification import roll_back

SIZE, DIMENSIONS = 4000, 48
#: The last has no vectors, as what is not English has none of the English model.
RANGES = {"sg-en": (0, 1500), "ph-en": (1500, 1501), "th-th": (1501, 3900), "la-lo": (3900, SIZE)}
#: Texts of some seven rows, none of two groups.
TEXTS = np.cumsum((np.arange(SIZE) % 7 == 0) | np.isin(np.arange(SIZE), [start for start, _ in RANGES.values()])) - 1
LABELS = {"facts": TEXTS // 10 % 23, "text": TEXTS}
Maker = Callable[..., Settings]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a Milvus server."""
    if why := milvus_server.lacking():
        pytest.skip(why)
    # Not below pytest's own folder, which keeps what the last three runs have left.
    folder = Path(tempfile.mkdtemp(prefix="milvus-"))
    with milvus_server.running(folder) as address:
        yield address
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["faiss", "milvus-lite", "milvus"])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IndexSettings:
    """The settings of each."""
    if request.param == "faiss":
        return IndexSettings()
    pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")
    if request.param == "milvus":
        return IndexSettings(backend="milvus", uri=request.getfixturevalue("server"))
    pytest.importorskip("milvus_lite", reason="the package milvus-lite is not installed")
    return IndexSettings(backend="milvus", uri=str(tmp_path_factory.mktemp("lite") / "lite.db"))


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Clusters of vectors, as provisions of one subject are: many neighbours are nearly as near."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(60, DIMENSIONS))
    found = unit(unit(centres)[rng.integers(60, size=SIZE)] + 0.12 * rng.normal(size=(SIZE, DIMENSIONS)))
    found[slice(*RANGES["la-lo"])] = 0
    return found


@pytest.fixture(scope="module", params=["exact", "IVF"])
def index(
    request: pytest.FixtureRequest, given: IndexSettings, vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nearest]:
    """An index of the vectors by each backend, where groups are small and where two are large."""
    folder, limit, milvus = (
        tmp_path_factory.mktemp("vectors"),
        {"exact": SIZE, "IVF": 1000}[request.param],
        engine(given),
    )
    write(folder / "whole.npy", vectors.shape, [vectors])
    VectorIndex.build(folder, RANGES, limit)
    local = VectorIndex(folder, RANGES)
    if milvus is None:
        yield local
        return
    name = milvus.names(request.param)["whole"]
    milvus.build(name, vectors, RANGES, LABELS, limit)
    yield milvus.open(name, local, RANGES, LABELS)
    milvus.drop({"whole": name})


def nearest(vectors: np.ndarray, query: np.ndarray, name: str, limit: int, mask: np.ndarray) -> np.ndarray:
    """The rows of a group that may answer, the nearest first, by numpy."""
    start, stop = RANGES[name]
    rows = np.flatnonzero(mask[start:stop]) + start
    return rows[np.argsort(-(vectors[rows] @ query), kind="stable")][:limit]


def test_the_nearest_twenty_are_those_of_an_exact_search(index: Nearest, vectors: np.ndarray) -> None:
    shared = []
    for row in range(0, RANGES["la-lo"][0], 61):
        for name in ("sg-en", "th-th"):
            rows, cosines = index.search(vectors[row], name, 20)
            assert len(set(rows.tolist())) == 20
            assert np.allclose(cosines, vectors[rows] @ vectors[row], atol=1e-5), "not the exact cosines"
            assert (np.diff(cosines) <= 1e-6).all(), "not the best first"
            wanted = nearest(vectors, vectors[row], name, 20, np.ones(SIZE, bool))
            shared.append(len(np.intersect1d(rows, wanted)) / 20)
    assert np.mean(shared) >= 0.98


_rng = np.random.default_rng(9)
MASKS = {
    "nothing is barred": np.ones(SIZE, bool),
    "all is barred": np.zeros(SIZE, bool),
    "but for a few texts": np.isin(TEXTS, _rng.choice(TEXTS, 9)),
    "a few texts": ~np.isin(TEXTS, _rng.choice(TEXTS, 9)),
    "every second text": TEXTS % 2 == 0,
    "but for some facts": np.isin(LABELS["facts"], [3, 4, 11]),
    "some facts and a text": ~np.isin(LABELS["facts"], [3, 4, 11]) & (TEXTS != 0),
    "but for single rows": np.isin(np.arange(SIZE), _rng.choice(SIZE, 40)),
    "single rows": ~np.isin(np.arange(SIZE), _rng.choice(SIZE, 40)),
    "half of the rows": _rng.random(SIZE) < 0.5,
    "but for texts and single rows": np.isin(TEXTS, _rng.choice(TEXTS, 5)) | (_rng.random(SIZE) < 0.01),
}


@pytest.mark.parametrize("barred", MASKS)
def test_a_filter_misses_nothing(index: Nearest, vectors: np.ndarray, barred: str) -> None:
    mask = MASKS[barred]
    for row in (3, 1500, 2700):
        for name in RANGES:
            rows, cosines = index.search(vectors[row], name, 25, mask)
            wanted = nearest(vectors, vectors[row], name, 25, mask)
            assert len(set(rows.tolist())) == len(wanted)
            assert mask[rows].all()
            assert np.allclose(cosines, vectors[wanted] @ vectors[row], atol=1e-5)


def test_small_groups_and_great_limits(index: Nearest, vectors: np.ndarray) -> None:
    assert index.search(vectors[7], "ph-en", 9)[0].tolist() == [1500]
    assert sorted(index.search(vectors[7], "sg-en", 100_000, TEXTS < 3)[0].tolist()) == list(range(21))
    assert len(index.search(vectors[7], "la-lo", 5)[0]) == 5, "nothing is near, but they are the nearest"
    assert len(index) == len(index.vectors) == SIZE
    assert np.array_equal(index.vectors[40:50], vectors[40:50])


@pytest.mark.parametrize(
    ("allowed", "wanted"),
    [
        ("111 1111 11", ""),
        ("000 0000 00", None),
        ("111 0000 00", "text in [7]"),
        ("000 0000 11", "facts in [6]"),
        ("111 1111 00", "facts in [5]"),
        ("111 0000 11", "not (text in [8])"),
        ("000 0100 00", "row in [104]"),
        ("111 0100 00", "text in [7] or row in [104]"),
        ("111 1011 11", "not (row in [104])"),
        ("011 1011 00", "not (facts in [6] or row in [100, 104])"),
    ],
)
def test_a_filter_is_told_in_few_words(allowed: str, wanted: str | None) -> None:
    parts = allowed.split()
    labels = {
        name: np.repeat(of, [len(part) for part in parts]) for name, of in (("facts", [5, 5, 6]), ("text", [7, 8, 9]))
    }
    assert expression(labels, np.array([c == "1" for c in "".join(parts)]), 100) == wanted


def test_a_filter_of_too_many_words_is_not_told() -> None:
    rows = np.arange(4 * LISTED + 8)
    assert expression({"text": rows // 4}, rows % 4 == 0, 0) is None
    assert expression({"text": rows // 4}, rows // 4 == 0, 0) == "text in [0]"


def lives(settings: Settings) -> tuple[str | None, dict[str, str], set[str]]:
    """The generation that is served, the collections that the aliases stand for, and all that there are."""
    milvus, aliases = engine(settings.index), {}
    assert milvus
    with milvus.asked() as client:
        for view in milvus.names(""):
            aliases[view] = client.describe_alias(f"{settings.index.name}_{view}")["collection_name"]
        there = {name for name in client.list_collections() if name.startswith(f"{settings.index.name}_")}
    return current_name(settings.index_dir), aliases, there


def kept(settings: Settings) -> dict[str, dict[str, str]]:
    """The collections of each generation."""
    return {name: collections(generations_dir(settings.index_dir) / name) for name in names(settings.index_dir)}


def answers(settings: Settings, models: Models, filters: Filters = Filters()) -> list[tuple[str, float]]:
    with contextlib.closing(Generation.current(settings.index_dir, engine(settings.index))) as generation:
        found = Searcher(settings, generation, models).search("who must light a lamp", filters, limit=50)
    return [(hit.provision.id, round(hit.score, 4)) for answer in found.answers for hit in answer.hits]


@pytest.fixture(scope="module")
def milvus_only(given: IndexSettings) -> IndexSettings:
    if given.backend == "faiss":
        pytest.skip("has neither collections nor aliases")
    return given


def test_generations_come_change_go_back_and_leave_with_their_collections(
    milvus_only: IndexSettings, index_of: Maker, models: Models, tmp_path: Path
) -> None:
    settings = index_of(CORPUS, index=milvus_only.model_copy(update={"name": "night"}))
    first = str(current_name(settings.index_dir))
    assert lives(settings) == (first, kept(settings)[first], set(kept(settings)[first].values()))
    plain = index_of(CORPUS, index_dir=tmp_path / "plain")
    for filters in (Filters(), Filters(statuses=("in force",)), Filters(instruments=(PH.id,))):
        assert answers(settings, models, filters) == answers(plain, models, filters)
    assert up_to_date(settings) == first == build(settings, models)

    with Store(settings.store_path) as store:
        store.remove(next(e.source for e in CORPUS if e.instrument == PH))
    second = build(settings, models)
    assert not any(key.startswith(PH.id) for key, _ in answers(settings, models))
    assert list(kept(settings)) == [first, second]
    both = {name for found in kept(settings).values() for name in found.values()}
    assert lives(settings) == (second, kept(settings)[second], both)

    assert roll_back(settings.index_dir, first, engine(settings.index)) == first
    assert lives(settings) == (first, kept(settings)[first], both)
    assert any(key.startswith(PH.id) for key, _ in answers(settings, models))

    third = build(settings, models, force=True)
    assert sorted(kept(settings)) == [first, third], "what was left by a way back goes first"
    both = {name for found in kept(settings).values() for name in found.values()}
    assert lives(settings) == (third, kept(settings)[third], both)


@pytest.fixture
def lite(tmp_path: Path) -> IndexSettings:
    pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")
    pytest.importorskip("milvus_lite", reason="the package milvus-lite is not installed")
    return IndexSettings(backend="milvus", uri=str(tmp_path / "lite.db"))


def test_a_build_that_fails_or_is_killed_leaves_no_collection(
    lite: IndexSettings, index_of: Maker, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = index_of(CORPUS[:3], index=lite)
    before = lives(settings)
    monkeypatch.setattr("lawsearch.indexing._check", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(settings, models, force=True)
    assert lives(settings) == before
    monkeypatch.setattr("lawsearch.indexing.remove", lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        build(settings, models, force=True)
    assert lives(settings)[2] > before[2]
    tidy(settings.index_dir, engine(lite))
    assert lives(settings) == before


def test_a_lost_collection_is_named_and_built_again(lite: IndexSettings, index_of: Maker, models: Models) -> None:
    settings = index_of(CORPUS[:3], index=lite)
    folder = generations_dir(settings.index_dir) / str(current_name(settings.index_dir))
    lost = collections(folder)["title"]
    milvus = Milvus(lite)
    milvus.drop({"title": lost})
    with pytest.raises(
        GenerationError, match=rf"lite\.db: collection {lost} holds 0 of \d+ provisions. Build it again"
    ):
        Generation(folder, milvus)
    assert len(Generation(folder).whole) == len(Generation(folder).ids), "without Milvus it is as good as ever"
    assert build(settings, models) != folder.name
    Generation.current(settings.index_dir, milvus).close()


def test_a_server_that_is_not_there_is_named(index_of: Maker, models: Models) -> None:
    pytest.importorskip("pymilvus", reason="the package pymilvus is not installed")
    settings = index_of(CORPUS[2:3])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = settings.model_copy(update={"index": IndexSettings(backend="milvus", uri=address)})
    before = current_name(settings.index_dir)
    with pytest.raises(GenerationError) as caught:
        build(settings, models)
    assert address in caught.value.problem
    assert 'index.backend = "faiss"' in caught.value.remedy
    assert current_name(settings.index_dir) == before


def test_a_client_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(SettingsError, match=r"pip install 'lawsearch\[milvus\]'"), Milvus(IndexSettings()).asked():
        pass


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ('backend = "milvus"', "index.uri"),
        ('backend = "milvus"\nuri = "localhost"', "index.uri"),
        ('backend = "milvus"\nuri = "http://root:secret@host:19530"', "token"),
        ('backend = "qdrant"', "index.backend"),
        ('name = "no-dash"', "index.name"),
        ("replicas = 0", "index.replicas"),
        ('adress = "x"', "index.adress"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, named: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lawsearch.toml").write_text(f"[index]\n{written}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert named in caught.value.problem
    assert "secret" not in str(caught.value)


def test_the_environment_reaches_into_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lawsearch.toml").write_text('index.backend = "milvus"\nindex.uri = "https://host:19530"\n')
    monkeypatch.setenv("LAWSEARCH_INDEX__TOKEN", "a secret")
    found = load_settings().index
    assert (found.backend, found.uri, found.token.get_secret_value()) == ("milvus", "https://host:19530", "a secret")
    assert "a secret" not in json.dumps(found.model_dump(mode="json")) + str(found)
