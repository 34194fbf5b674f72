"""What a generation changed against the one before, from its manifest, its store and its links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laws import CORPUS, SG, expression
from scipy import sparse

from lawsearch import history, mapped
from lawsearch.embedding import Models
from lawsearch.generation import current_name, generations_dir
from lawsearch.history import LinkChange
from lawsearch.ids import Ids
from lawsearch.indexing import build
from lawsearch.journal import Change, Version
from lawsearch.settings import Settings
from lawsearch.store import Store


def version(key: str) -> Version:
    return Version(
        number=1, line=1, provision=key, instrument="", language="", position=0, digest="", began=1, ended=0, since="",
        until="", same_file=False,
    )  # fmt: skip


def links(folder: Path, weights: dict[tuple[str, str], float]) -> Path:
    """What a generation keeps of links between provisions."""
    folder.mkdir()
    ids = sorted({key for pair in weights for key in pair})
    matrix = np.zeros((len(ids), len(ids)), np.float32)
    for (a, b), weight in weights.items():
        matrix[ids.index(a), ids.index(b)] = matrix[ids.index(b), ids.index(a)] = weight
    Ids.write(folder, ids)
    mapped.write(folder / "links", sparse.csr_matrix(matrix))
    return folder


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({("a", "x"): 0.9}, {("a", "x"): 0.9}, []),
        ({("a", "x"): 0.9}, {("a", "y"): 0.9}, [("y", True), ("x", False)]),
        # What only becomes a little weaker or stronger has neither come nor gone.
        ({("a", "x"): 0.45, ("a", "y"): 0.3}, {("a", "x"): 0.3, ("a", "y"): 0.45}, []),
        ({("a", "x"): 0.1}, {("a", "x"): 0.5}, [("x", True)]),
        # Other provisions did not change.
        ({("b", "x"): 0.9}, {("a", "y"): 0.1}, []),
        # Renumbered from "old", and linked with what was it before.
        ({("old", "x"): 0.9}, {("a", "x"): 0.9}, []),
        ({("old", "x"): 0.9}, {("a", "y"): 0.9}, [("y", True), ("x", False)]),
    ],
)
def test_counterparts_gained_and_lost(
    tmp_path: Path, before: dict[tuple[str, str], float], after: dict[tuple[str, str], float],
    expected: list[tuple[str, bool]],
) -> None:  # fmt: skip
    folders = links(tmp_path / "1", before), links(tmp_path / "2", after)
    was = "old" if any("old" in pair for pair in before) else "a"
    found, more = history._links(*folders, [Change(version(was), version("a"))])
    assert (list(found), more) == ([LinkChange("a", other, appeared) for other, appeared in expected], 0)


def test_a_long_list_of_counterparts_is_cut_and_counted(tmp_path: Path) -> None:
    many = {("a", f"x{n}"): 0.9 for n in range(history.MOST_LINKS + 5)}
    folders = links(tmp_path / "1", {("a", "y"): 0.1}), links(tmp_path / "2", many)
    found, more = history._links(*folders, [Change(version("a"), version("a"))])
    assert (len(found), more) == (history.MOST_LINKS, 5)


def test_each_generation_notes_the_one_before(
    index_of: Callable[..., Settings], models: Models, built: Settings
) -> None:
    settings = index_of(CORPUS[:2], keep_generations=1)
    first = current_name(settings.index_dir)
    assert history.of_generation(generations_dir(settings.index_dir) / str(first)) is None
    rows = [(p.number, p.heading, p.text + " Soon.") for p in CORPUS[0].provisions if p.is_unit]
    with Store(settings.store_path) as store:
        for version in (rows[:3], rows):  # two runs before the next index
            changed = replace(expression(SG, "en", version), source_digest=str(len(version)) * 64)
            store.put(CORPUS[0].source, [changed], "test")
    second = build(settings, models, embeddings=built.embeddings_path)
    # The one before is no longer kept, and what changed since is known all the same.
    assert [name for name, _ in history.generations(settings.index_dir)] == [second]
    found = history.of_generation(generations_dir(settings.index_dir) / second)
    assert found is not None
    assert (found.before, found.units, found.instruments) == (first, 9, 2)
    assert {c.kind for c in found.changes} == {"changed"}
    assert len(found.changes) == len(rows)
    assert found.more_links is None
    forced = build(settings, models, embeddings=built.embeddings_path, force=True)
    again = history.of_generation(generations_dir(settings.index_dir) / forced)
    assert again is not None
    assert again.nothing
    assert again.before == second


def test_a_generation_of_a_version_without_a_journal_is_no_predecessor(tmp_path: Path) -> None:
    folder = generations_dir(tmp_path) / "20310101T0"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"built": "2031-01-01T00:00:00+00:00", "counts": {}}')
    (tmp_path / "CURRENT").write_text("20310101T0\n")
    assert history.predecessor(tmp_path) is None
    assert history.of_generation(folder) is None
    assert history.predecessor(tmp_path / "nowhere") is None
