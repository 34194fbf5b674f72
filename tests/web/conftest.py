from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lawsearch.api import create_app
from lawsearch.settings import Settings
from lawsearch.store import Store

sys.path.insert(0, str(Path(__file__).parent))
from madeup import LOCAL, FakeSearcher, make_store


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(index_dir=tmp_path_factory.mktemp("index"), catalogue_dir=Path(__file__).parent / "catalogue")


@pytest.fixture(scope="session")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSearcher]:
    with Store(make_store(tmp_path_factory.mktemp("store") / "store.db"), read_only=True) as store:
        yield FakeSearcher(store)


@pytest.fixture(scope="session")
def client(settings: Settings, searcher: FakeSearcher) -> Iterator[TestClient]:
    with TestClient(create_app(settings, searcher), base_url=LOCAL) as client:
        yield client
