from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from laws import sentences

from lawsearch import embedding, graph
from lawsearch.embedding import EmbeddingCache, Encoder, load_models
from lawsearch.errors import ModelError
from lawsearch.settings import Settings

LONG = "a keeper shall light the lamp and mend the nets of oil " * 30


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="module")
def fast(model_folders: tuple[Path, Path], graphs: Path) -> Encoder:
    return Encoder(model_folders[0], "query: ", threads=2, graphs=graphs)


@pytest.fixture(scope="module")
def reference(model_folders: tuple[Path, Path]) -> Encoder:
    return Encoder(model_folders[0], "query: ", threads=1)


def test_a_graph_agrees_with_the_reference_in_every_language(fast: Encoder, reference: Encoder) -> None:
    texts = [*sentences(), LONG, "oil"]
    one, other = fast.encode(texts), reference.encode(texts)
    assert one.dtype == np.float32
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert (one * other).sum(axis=1).min() > 0.99


def test_a_vector_does_not_depend_on_what_else_is_embedded(fast: Encoder) -> None:
    texts = [*sentences(), LONG, "oil"]
    together = fast.encode(texts)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    np.testing.assert_array_equal(together[order], fast.encode([texts[i] for i in order], batch_size=3))
    np.testing.assert_array_equal(together[-1], fast.encode(["oil"])[0])


def test_windows_are_those_of_the_reference(fast: Encoder, reference: Encoder) -> None:
    assert len(fast.windows(LONG)) > 2
    assert fast.windows(LONG) == reference.windows(LONG)


def test_more_tokens_than_the_model_takes_are_cut_and_end_as_they_should(fast: Encoder, reference: Encoder) -> None:
    one, other = fast.engine.vectors([LONG])[0], reference.engine.vectors([LONG])[0]
    assert one @ other > 0.99


def test_names_and_caches_tell_the_precisions_apart(fast: Encoder, reference: Encoder, tmp_path: Path) -> None:
    assert fast.name != reference.name
    cache = EmbeddingCache(tmp_path / "e.db")
    first = cache.encode(reference, ["lamp"])
    second = cache.encode(fast, ["lamp"])
    cache.close()
    assert np.array_equal(second, fast.encode(["lamp"]))
    assert not np.array_equal(first, second)


def test_a_graph_is_made_once(
    fast: Encoder, model_folders: tuple[Path, Path], graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(embedding, "convert", never)
    again = Encoder(model_folders[0], "query: ", threads=1, graphs=graphs)
    assert again.name == fast.name
    assert [path.name for path in graphs.iterdir() if path.name.startswith("unpacking-")] == []


@pytest.mark.parametrize(
    ("installed", "precision", "expected"),
    [(True, "auto", "int8"), (False, "auto", ""), (True, "float32", ""), (True, "int8", "int8")],
)
def test_the_precision_is_what_is_asked_for_and_can_be_had(
    installed: bool, precision: str, expected: str, model_folders: tuple[Path, Path], graphs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if not installed:
        monkeypatch.setattr(graph, "find_spec", lambda _: None)
    models = load_models(_settings(model_folders, graphs, precision))
    assert models.english is not None
    assert all((" int8" in e.name) == bool(expected) for e in (models.multilingual, models.english))


def test_a_model_that_cannot_be_a_graph_is_run_as_it_is(
    model_folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Other(graph.Graph):
        def vectors(self, texts: Sequence[str]) -> np.ndarray:
            return -super().vectors(texts)

    monkeypatch.setattr(graph, "Graph", Other)
    models = load_models(_settings(model_folders, tmp_path, "auto"))
    assert " int8" not in models.multilingual.name
    assert "gives other vectors" in caplog.text
    with pytest.raises(ModelError, match=r"cosine -") as caught:
        load_models(_settings(model_folders, tmp_path, "int8"))
    assert "float32" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_graph_says_what_to_remove(model_folders: tuple[Path, Path], tmp_path: Path) -> None:
    Encoder(model_folders[0], threads=1, graphs=tmp_path)
    (folder,) = tmp_path.iterdir()
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError) as caught:
        Encoder(model_folders[0], threads=1, graphs=tmp_path)
    assert str(folder) in caught.value.problem


def test_serving_from_graphs_needs_no_torch(model_folders: tuple[Path, Path], graphs: Path) -> None:
    settings = _settings(model_folders, graphs, "int8")
    load_models(settings)
    script = (
        "import sys\nfrom lawsearch.embedding import load_models\nfrom lawsearch.search import Searcher\n"
        "from lawsearch.settings import Settings\n"
        f"load_models(Settings.model_validate_json({settings.model_dump_json()!r})).multilingual.encode(['lamp'])\n"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""


def _settings(folders: tuple[Path, Path], cache: Path, precision: str) -> Settings:
    one, two = map(str, folders)
    return Settings(multilingual_model=one, english_model=two, threads=1, cache_dir=cache, precision=precision)
