from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from laws import CORPUS, sentences

from lawsearch.embedding import CHUNK, EmbeddingCache, Encoder, Models, load_models
from lawsearch.errors import ModelError
from lawsearch.settings import Settings
from lawsearch.text import normal

LONG = {
    "en": normal(" ".join(p.text for e in CORPUS if e.language == "en" for p in e.provisions)),
    "th": normal(" ".join(p.text for e in CORPUS if e.language == "th" for p in e.provisions) * 3),
    "one word": "".join(random.Random(1).choices("abcdefghilmnoprstu", k=800)),
    "unknown signs": " ".join(map(chr, random.Random(1).sample(range(0x2600, 0x2700), 200))),
}


@pytest.fixture
def encoder(models: Models) -> Encoder:
    return models.multilingual


@pytest.mark.parametrize("name", LONG)
def test_windows_cover_all_of_a_long_text_with_overlap(encoder: Encoder, name: str) -> None:
    text = LONG[name].strip()
    windows = encoder.windows(text)
    assert len(windows) > 2
    at, spans = 0, []
    for window in windows:
        # Windows go forward, so each is looked for behind the beginning of the one before.
        start = text.index(window, at)
        spans.append((start, start + len(window)))
        at = start + 1
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    if name in ("en", "th"):
        assert all(start < stop for (_, stop), (start, _) in pairwise(spans))


@pytest.mark.parametrize("text", ["", "Lamp.", "A keeper must light every lamp at dusk."])
def test_a_short_text_is_one_window(encoder: Encoder, text: str) -> None:
    assert encoder.windows(text) == [text]


def test_a_long_text_is_the_mean_of_its_windows(encoder: Encoder) -> None:
    windows = encoder.encode(encoder.windows(LONG["en"]))
    mean = windows.mean(axis=0)
    (whole,) = encoder.encode([LONG["en"]])
    # A window by itself may begin within a word and be cut once more, so the two are not quite the same.
    assert whole @ mean / np.linalg.norm(mean) > 0.98
    assert (windows @ whole).max() < 0.96


def test_a_word_at_the_very_end_of_a_long_text_counts(encoder: Encoder) -> None:
    one, other = encoder.encode([LONG["en"] + " oil", LONG["en"] + " nets"])
    assert not np.allclose(one, other, atol=1e-4)


def test_unit_vectors_whatever_the_order_and_the_batches(encoder: Encoder) -> None:
    texts = [*sentences(), LONG["en"], LONG["th"], "oil"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    again = encoder.encode([texts[i] for i in order], batch_size=5)
    assert np.allclose(vectors[order], again, atol=1e-5)


def test_threads_that_encode_at_once_do_not_disturb_each_other(encoder: Encoder) -> None:
    # A tokenizer holds state: without a lock, one thread's counting made another's batch unpadded.
    texts = ["a keeper shall light the lamp " * n for n in (1, 3, 9)]
    alone = encoder.encode(texts)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as pool:
            for together in pool.map(lambda _: encoder.encode(texts), range(200)):
                np.testing.assert_allclose(together, alone, atol=1e-6)
    finally:
        sys.setswitchinterval(before)


def test_texts_that_differ_only_in_layout_are_one_text(encoder: Encoder) -> None:
    one, other = encoder.encode(["light  the\u00adlamp\n", "light thelamp"])
    assert np.array_equal(one, other)


def test_the_prefix_is_part_of_what_is_embedded_and_of_the_name(model_folders: tuple[Path, Path]) -> None:
    bare, asked = Encoder(model_folders[0], threads=1), Encoder(model_folders[0], "oil nets: ", threads=1)
    assert bare.name != asked.name
    assert not np.allclose(bare.encode(["lamp"]), asked.encode(["lamp"]), atol=1e-3)


def test_progress_counts_every_text_once(encoder: Encoder) -> None:
    done: list[int] = []
    encoder.encode(["lamp", LONG["en"], "oil"], batch_size=2, progress=done.append)
    assert sum(done) == 3


def test_names_tell_weights_apart_and_nothing_else(model_folders: tuple[Path, Path], models: Models) -> None:
    one, two = (Encoder(folder, threads=1) for folder in model_folders)
    sizes = [sorted(p.stat().st_size for p in folder.rglob("*") if p.is_file()) for folder in model_folders]
    assert sizes[0] == sizes[1], "the two differ in their weights alone"
    assert one.name.replace(str(model_folders[0]), "") != two.name.replace(str(model_folders[1]), "")
    assert Encoder(model_folders[0], "query: ", threads=1).name == models.multilingual.name


class Counting:
    """An encoder that counts what it is asked to embed."""

    def __init__(self, encoder: Encoder, name: str = "") -> None:
        self._encoder, self.asked = encoder, list[str]()
        self.name, self.dimensions = name or encoder.name, encoder.dimensions

    def encode(self, texts: Sequence[str], **given: object) -> np.ndarray:
        self.asked += texts
        return self._encoder.encode(texts, **given)


def test_nothing_is_embedded_twice(encoder: Encoder, tmp_path: Path) -> None:
    counting = Counting(encoder)
    cache = EmbeddingCache(tmp_path / "e.db")
    first = cache.encode(counting, ["lamp", "oil", "lamp", " lamp\n"])
    assert sorted(normal(text) for text in counting.asked) == ["lamp", "oil"]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[0], first[3])
    cache.close()
    cache = EmbeddingCache(tmp_path / "e.db")
    second = cache.encode(counting, ["nets", "oil", "lamp"])
    assert counting.asked[2:] == ["nets"]
    assert np.array_equal(second[1:], first[[1, 0]])
    assert np.allclose(second, encoder.encode(["nets", "oil", "lamp"]), atol=1e-5)
    assert cache.encode(counting, []).shape == (0, encoder.dimensions)
    cache.close()


def test_a_cached_vector_never_serves_another_model(models: Models, tmp_path: Path) -> None:
    one, two = Counting(models.multilingual), Counting(models.english)
    cache = EmbeddingCache(tmp_path / "e.db")
    cache.encode(one, ["lamp"])
    found = cache.encode(two, ["lamp"])
    cache.close()
    assert two.asked == ["lamp"]
    assert np.allclose(found, models.english.encode(["lamp"]), atol=1e-5)


def test_a_cache_that_is_stopped_keeps_what_it_has(encoder: Encoder, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    class Stopping(Counting):
        def encode(self, texts: Sequence[str], **given: object) -> np.ndarray:
            if self.asked:
                raise Stopped
            return super().encode(texts, **given)

    texts = [f"lamp number {i}" for i in range(600)]
    cache = EmbeddingCache(tmp_path / "e.db")
    with pytest.raises(Stopped):
        cache.encode(Stopping(encoder), texts)
    counting = Counting(encoder)
    cache.encode(counting, texts)
    cache.close()
    assert len(counting.asked) == 600 - CHUNK


@pytest.mark.parametrize("what", ["empty folder", "no such name", "broken folder"])
def test_a_model_that_cannot_be_loaded_is_named(what: str, tmp_path: Path) -> None:
    source = str(tmp_path) if what != "no such name" else "nobody/no-such-model"
    if what == "broken folder":
        (tmp_path / "config.json").write_text("{")
        (tmp_path / "modules.json").write_text("[")
    with pytest.raises(ModelError) as caught:
        Encoder(source, threads=1)
    assert repr(source) in caught.value.problem
    assert "settings" in caught.value.remedy


def test_the_settings_name_the_models(model_folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = map(str, model_folders)
    settings = Settings(
        multilingual_model=one, english_model=two, multilingual_prefix="ask: ", threads=1, cache_dir=tmp_path,
        precision="float32",
    )  # fmt: skip
    models = load_models(settings)
    assert models.multilingual.prefix == "ask: "
    assert models.english is not None
    assert models.english.prefix == ""
    assert models.facts()["models"]["english"] == {"name": models.english.name, "dimensions": 32}
    without = load_models(settings.model_copy(update={"english_model": "none"}))
    assert without.english is None
    assert without.facts()["models"]["english"] is None
    assert list(tmp_path.iterdir()) == [], "nothing was unpacked"
