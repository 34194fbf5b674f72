"""Work on two nodes, of which one is lost: nothing is missing, and only what it was at is done again."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import LINES, pdf

from ingest.pipeline import ADDED, FAILED, Outcome, ingest
from lawsearch.embedding import CHUNK, EmbeddingCache, load_models, spread
from lawsearch.errors import ModelError, SettingsError
from lawsearch.nodes import Lost, connected
from lawsearch.provision import Provision
from lawsearch.settings import Settings
from lawsearch.store import Entry, Store

# Its ports are open to whoever reaches this machine, who shall need a password. Ray reads this as it is imported.
os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32), RAY_USAGE_STATS_ENABLED="0")
ray = pytest.importorskip("ray", reason="the package ray is not installed")
NODE = {"object_store_memory": 100 << 20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without a processor of its own: what works can be lost."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patched:
        # What is called there is imported there.
        patched.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, sys.path)))
        found = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0, "include_dashboard": False})
        yield found
        found.shutdown()


@pytest.fixture
def two(cluster: Any) -> Iterator[list[Any]]:
    """Two nodes of one processor each."""
    found = [cluster.add_node(**NODE, num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield found
    for node in found:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)


def lose(cluster: Any, node: Any) -> None:
    """End a node as if it were switched off."""
    cluster.remove_node(node, allow_graceful=False)


def noted(folder: Path, number: int) -> tuple[int, str]:
    """Notes who begins with a number, and takes a while."""
    node = ray.get_runtime_context().get_node_id()
    (folder / f"{number}-{node}").write_text(str(time.time()))
    time.sleep(3)
    return number, node


def begun(folder: Path) -> list[tuple[float, int, str]]:
    """When each number was begun with and where, the last first."""
    notes = [(path.read_text(), *path.name.split("-")) for path in folder.iterdir()]
    return sorted(((float(moment), int(number), node) for moment, number, node in notes if moment), reverse=True)


def test_a_lost_node_costs_what_it_was_at(cluster: Any, two: list[Any], tmp_path: Path) -> None:
    found, hit = [], (0.0, -1, "")
    with connected(cluster.address) as nodes:
        assert nodes
        for one in nodes.each(noted, ((i,) for i in range(6)), (tmp_path,)):
            found.append(one)
            while hit[1] < 0:
                time.sleep(0.05)
                last = begun(tmp_path)[0]
                if time.time() - last[0] < 1:
                    hit = last
                    lose(cluster, next(node for node in two if node.node_id == last[2]))
    assert [number for number, _ in found] == list(range(6))
    assert dict(found)[hit[1]] != hit[2]
    times = Counter(number for _, number, _ in begun(tmp_path))
    assert [number for number in times if times[number] > 1] == [hit[1]]
    assert {node for _, _, node in begun(tmp_path)} == {node.node_id for node in two}


@pytest.mark.usefixtures("two")
def test_what_brings_down_every_process_is_given_up(cluster: Any) -> None:
    with connected(cluster.address) as nodes:
        assert nodes
        found = list(nodes.each(os._exit, [(1,)])) + list(nodes.each(abs, [(-7,)]))
    assert isinstance(found[0], Lost)
    assert "was lost" in found[0].reason
    assert found[1:] == [7]


def laws(folder: Path) -> Path:
    """Six laws, one with a sidecar, and two files that cannot be read."""
    folder.mkdir()
    for number in range(6):
        lines = [f"**BOATS ACT 20{number:02}**", "An Act to regulate boats."]
        for section in range(1, LINES):
            lines += [
                f"**Sails of kind {section}**",
                f"{section}. A sail of kind {section} must be dry {number} times.",
            ]
        pdf(folder / f"boats-{number}.pdf", lines)
    beside = '\nid = "/akn/sg/act/2003/3"\njurisdiction = "sg"\nkind = "act"\ntitle = "Boats Act"\n'
    (folder / "boats-3.toml").write_text(beside)
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "wrong.pdf").write_bytes((folder / "boats-1.pdf").read_bytes())
    (folder / "wrong.toml").write_text("id = 7\n")
    return folder


def contents(store: Store) -> tuple[str, list[Provision], list[Entry]]:
    """All that is stored, but for when."""
    entries = [replace(e, source=replace(e.source, ingested="")) for e in store.entries()]
    return store.digest(), list(store.units()), entries


def test_the_store_is_that_of_a_run_on_this_machine_though_a_node_is_lost(
    cluster: Any, two: list[Any], tmp_path: Path
) -> None:
    folder = laws(tmp_path / "laws")
    with Store(tmp_path / "here.db") as store:
        here = ingest([folder], store, None, workers=1)
        wanted = contents(store)

    def lose_one(_: Outcome, done: int, _total: int) -> None:
        if done == 2:
            lose(cluster, two[1])

    with connected(cluster.address) as nodes, Store(tmp_path / "there.db") as store:
        there = ingest([folder], store, None, lose_one, nodes=nodes)
        found = contents(store)
    assert found == wanted
    assert there == here
    assert Counter(outcome.state for outcome in there) == {ADDED: 6, FAILED: 2}


def test_vectors_are_those_of_this_machine_though_a_node_is_lost(
    cluster: Any, two: list[Any], tmp_path: Path, model_folders: tuple[Path, Path]
) -> None:
    settings = Settings(
        multilingual_model=str(model_folders[0]), english_model=str(model_folders[1]), precision="float32",
        batch_size=7, threads=1,
    )  # fmt: skip
    models = load_models(settings)
    texts = [f"A keeper must light lamp {number} at dusk." for number in range(6 * CHUNK + 5)]
    local = EmbeddingCache(tmp_path / "here.db")
    wanted = local.encode(models.multilingual, texts, batch_size=7)
    local.close()
    done = 0

    def lose_one(count: int) -> None:
        nonlocal done
        if done == 0 < count:
            lose(cluster, two[0])
        done += count

    with connected(cluster.address) as nodes:
        assert nodes
        cache = EmbeddingCache(tmp_path / "there.db", spread(nodes, settings))
        found = cache.encode(models.multilingual, texts, progress=lose_one)
        assert done == len(texts)
        assert np.allclose(found, wanted, atol=1e-6)
        cache.close()
        # What is kept is not asked for again, by whatever it was embedded.
        again = EmbeddingCache(tmp_path / "there.db", lambda *_: iter(()))
        assert np.array_equal(again.encode(models.multilingual, texts), found)
        again.close()
        other = settings.model_copy(update={"multilingual_prefix": "else: "})
        cache = EmbeddingCache(tmp_path / "other.db", spread(nodes, other))
        with pytest.raises(ModelError, match="has not the model"):
            cache.encode(models.multilingual, texts[:1])
        cache.close()


@pytest.mark.usefixtures("two")
def test_other_versions_and_other_ocr_are_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(tmp_path / "boats.pdf", ["**BOATS ACT 2042**", "1. A sail must be dry."])
    monkeypatch.setattr("ingest.pipeline._reads", lambda: "ocr of another kind")
    with connected(cluster.address) as nodes, Store(tmp_path / "store.db") as store:
        (outcome,) = ingest([tmp_path], store, None, nodes=nodes)
        assert outcome.state == FAILED
        assert "has other OCR" in outcome.reason
        monkeypatch.setattr("lawsearch.__version__", "0.0.1")
        assert nodes
        with pytest.raises(SettingsError, match=r"not 0\.0\.1"):
            list(nodes.each(abs, [(-7,)]))


def test_a_cluster_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"no Ray cluster at 127\.0\.0\.1:1:"), connected("127.0.0.1:1"):
        pass


def test_without_an_address_there_are_no_nodes() -> None:
    with connected("") as nodes:
        assert nodes is None
