"""Broken and hostile PDFs: each is read or refused with a reason, and of none is half in the store.

CI takes a share of them; ``make mutants`` takes all 2,000.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from mutants import mutants
from pages import pdf, typed
from test_limits import LAMPS

from ingest.limits import Limits
from ingest.pipeline import ADDED, FAILED, Outcome, ingest
from lawsearch.store import Store

SAMPLE = Path(__file__).parents[2] / "corpus" / "sample"
COUNT = int(os.environ.get("LAWSEARCH_MUTANTS", "40"))
#: What a document may take: 30 seconds whatever its pages, and a gigabyte.
ALLOWED = Limits(seconds=30, seconds_a_page=0, memory=1024)
#: Ends of processes, after the words of ``ingest.limits``.
ENDS = ("takes longer than", "needs more than", "ends the process", "the parser failed")


def originals() -> list[bytes]:
    """Texts of one and of many pages, streams plain and compressed, fonts of several scripts; none is a scan."""
    made = [pdf(typed(LAMPS)), pdf(typed(*[LAMPS] * 12))]
    files = sorted(path for path in SAMPLE.glob("*.pdf") if path.stat().st_size < 40_000)
    return made + [path.read_bytes() for path in files]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Outcome]]:
    """The store that all went into, and what became of each."""
    folder = tmp_path_factory.mktemp("mutants")
    for name, data in mutants(originals(), COUNT):
        (folder / f"{name}.pdf").write_bytes(data)
        # By itself many a one would be taken for the same law.
        (folder / f"{name}.toml").write_text(f'id = "/akn/unknown/doc/{name}"\n', "utf-8")
    store = tmp_path_factory.mktemp("store") / "store.db"
    with Store(store) as opened:
        return store, ingest([folder], opened, None, cache=folder / "cache", allowed=ALLOWED)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_every_mutant_is_read_or_refused_with_a_reason(read: tuple[Path, list[Outcome]]) -> None:
    _, outcomes = read
    assert len(outcomes) == COUNT
    for outcome in outcomes:
        assert outcome.state in (ADDED, FAILED), outcome
        assert (outcome.state == FAILED) == outcome.reason.startswith(f"{outcome.path}: "), outcome
    states = Counter(outcome.state for outcome in outcomes)
    ended = Counter(end for outcome in outcomes for end in ENDS if end in outcome.reason)
    print(f"{COUNT} mutants: {dict(states)}; of those refused: {dict(ended)}")
    # Both happen, or nothing has been tried.
    assert states[ADDED]
    assert states[FAILED]


def test_of_no_mutant_is_half_in_the_store(read: tuple[Path, list[Outcome]]) -> None:
    path, outcomes = read
    with Store(path, read_only=True) as store:
        kept = {entry.instrument.id: entry for entry in store.entries()}
        for outcome in outcomes:
            instrument = f"/akn/unknown/doc/{outcome.path.stem}"
            assert (store.source(str(outcome.path)) is not None) == (outcome.state == ADDED)
            assert (instrument in kept) == (outcome.state == ADDED)
        for outcome in outcomes:
            for language, report in outcome.reports:
                units = store.contents(outcome.instrument, language)
                below = [part for unit in units for part in parts(store, unit)]
                assert len(units) + len(below) == report["provisions"], outcome.path


def parts(store: Store, provision: object) -> list[object]:
    """Everything below a provision."""
    return [p for child in store.children(provision) for p in (child, *parts(store, child))]  # type: ignore[arg-type]
