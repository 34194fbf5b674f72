"""Whatever is asked of the API, it answers as its OpenAPI says: schemathesis over every route.

The index is a real one of made-up laws, so that tables, histories and comparisons are computed and not stood in for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from desk_site import indexed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import PH, SG
from madeup import LOCAL

from lawsearch.api import create_app
from lawsearch.edge import HEADERS
from lawsearch.embedding import Models
from lawsearch.search import Searcher
from lawsearch.settings import Settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

#: The day on which these laws are first seen here.
TODAY = datetime.now(UTC).date().isoformat()
#: What the examples of the description name, and what the made-up laws have in their place.
HERE = {
    "/akn/sg/act/2012/26/en/~sec_26D": f"{SG.id}/en/~sec_6", "/akn/ph/act/2012/10173/en/~sec_20": f"{PH.id}/en/~sec_10",
    "/akn/my/act/2010/709/en/~sec_12B": f"{PH.id}/en/~sec_10", "/akn/sg/act/2012/26": SG.id,
    "/akn/my/act/2010/709": PH.id, "2026-11-01": TODAY, "2026-11-23": TODAY,
}  # fmt: skip
OPERATIONS = [
    (path, method) for path, found in create_app(Settings()).openapi()["paths"].items() for method in found
]  # fmt: skip
#: Cases of each kind for a route: as documented, and not.
CASES = int(os.environ.get("LAWSEARCH_CASES", "15"))
#: Left out, because a schema cannot say it: which ids there are, what the settings bound, that a day has been.
UNSAYABLE = [positive_data_acceptance]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, built: Settings, models: Models) -> Iterator[Searcher]:
    searcher = indexed(tmp_path_factory.mktemp("promised"), built, models)
    yield searcher
    searcher.generation.close()


@pytest.fixture(scope="module")
def described(made: Searcher, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The API as it describes itself, its examples turned into ones that this corpus has."""
    app = create_app(Settings(index_dir=tmp_path_factory.mktemp("desk"), topics_dir=made.settings.topics_dir), made)
    text = json.dumps(app.openapi())
    for there, here in HERE.items():
        text = text.replace(there, here)
    schema = schemathesis.openapi.from_dict(json.loads(text))
    schema.app = app
    return schema


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented(described: Any, path: str, method: str) -> None:
    operation = described[path][method]
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)

    @settings(max_examples=2 * CASES, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    @given(st.one_of(*operation.get_strategies_from_examples(), right, wrong))
    def answers(case: Any) -> None:
        answer = case.call_and_validate(base_url=LOCAL, excluded_checks=UNSAYABLE, timeout=300)
        assert HEADERS.items() <= {name: answer.headers[name.lower()][0] for name in HEADERS}.items()

    answers()
