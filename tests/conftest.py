"""Fixtures of the core's tests: a corpus, tiny models, and an index built from both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from laws import CORPUS, tiny_model

from lawsearch.embedding import Encoder, Models
from lawsearch.generation import Generation
from lawsearch.indexing import build
from lawsearch.provision import Expression
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.store import Store

ROOT = Path(__file__).parents[1]
# Before an encoder imports the hub's client, which reads it once: no test may wait for the network.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has set must not change what is tested; where unpacked models lie may."""
    for name in os.environ:
        if name.startswith("LAWSEARCH_") and name not in ("LAWSEARCH_CACHE_DIR", "LAWSEARCH_SHARED"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data and laws that are not part of the repository."""
    folder = Path(os.environ.get("LAWSEARCH_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"the shared folder is not at {folder} (LAWSEARCH_SHARED)")
    return folder


@pytest.fixture(scope="session")
def corpus() -> tuple[Expression, ...]:
    return CORPUS


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of the same shape with different weights."""
    folder = tmp_path_factory.mktemp("models")
    return tiny_model(folder / "one", seed=1), tiny_model(folder / "two", seed=2)


@pytest.fixture(scope="session")
def models(model_folders: tuple[Path, Path]) -> Models:
    one, two = model_folders
    return Models(Encoder(one, "query: ", threads=1), Encoder(two, threads=1))


#: A taxonomy for the made-up corpus.
TOPICS = Path(__file__).parent / "topics"


def fill(path: Path, expressions: Iterable[Expression]) -> None:
    """Put the expressions into the store at ``path``."""
    with Store(path) as store:
        for e in expressions:
            store.put(e.source, [e], "test")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, models: Models, corpus: tuple[Expression, ...]) -> Settings:
    """The settings of an index of the whole corpus. Not to be written to: see ``index_of``."""
    settings = Settings(index_dir=tmp_path_factory.mktemp("index"), topics_dir=TOPICS, threads=1)
    fill(settings.store_path, corpus)
    build(settings, models)
    return settings


@pytest.fixture(scope="session")
def core(built: Settings, models: Models) -> Iterator[Searcher]:
    """A searcher over the whole corpus."""
    searcher = Searcher(built, Generation.current(built.index_dir), models)
    yield searcher
    searcher.generation.close()


@pytest.fixture
def index_of(tmp_path: Path, models: Models, built: Settings) -> Callable[..., Settings]:
    """Builds an index of some expressions in a folder of its own; what is embedded already is not again."""

    def make(expressions: Iterable[Expression], **given: object) -> Settings:
        settings = Settings(**{"index_dir": tmp_path / "index", "topics_dir": TOPICS, "threads": 1, **given})
        fill(settings.store_path, expressions)
        build(settings, models, embeddings=built.embeddings_path)
        return settings

    return make
