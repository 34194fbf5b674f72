from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laws import BOATS, CORPUS, PH, SG, expression

from lawsearch import indexing
from lawsearch.embedding import Encoder, Models
from lawsearch.errors import GenerationError
from lawsearch.generation import FORMAT, Generation, current_name, generations_dir, names, prune, switch
from lawsearch.indexing import build, rows
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.store import Store

Maker = Callable[..., Settings]
#: Files that a generation cannot be opened without.
FILES = (
    "manifest.json", "store.db", "units.txt", "texts.npy", "whole.npy", "title/whole.npy", "english/whole.npy",
    "parts.npy", "offsets.npy", "hubness.npy", "links/data.npy", "links/indptr.npy", "links/columns.npy",
    "concepts/indices.npy", "concepts/rarity.npy", "concepts/keys.npy", "lexical/meta.json", "topics.json",
    "topics/indptr.npy",
)  # fmt: skip


def more(settings: Settings, number: int = 1) -> None:
    """Change the corpus."""
    with Store(settings.store_path) as store:
        store.put("more.pdf", [expression(BOATS, "en", [(str(number), "Sails", "A sail should be dry.")])], "test")


def folders(settings: Settings) -> list[str]:
    return sorted(p.name for p in generations_dir(settings.index_dir).iterdir())


def test_vectors_provisions_and_groups_agree(built: Settings) -> None:
    generation = Generation.current(built.index_dir)
    units = {p.id: p for e in CORPUS for p in e.provisions if p.is_matched}
    assert set(generation.ids) == set(units)
    assert len(generation.ids) == len(units) == len(generation.whole) == len(generation.rows)
    assert generation.manifest["counts"]["provisions"] == sum(len(e.provisions) for e in CORPUS)
    assert len(generation.parts) == generation.offsets[-1]
    covered = [row for g in generation.groups.values() for row in range(g.start, g.stop)]
    assert covered == list(range(len(units))), "groups are contiguous and hold every row once"
    for row, key in enumerate(generation.ids):
        group = next(g for g in generation.groups.values() if g.start <= row < g.stop)
        assert units[key].language == group.language
        assert generation.instruments[generation.instrument_of(row)].jurisdiction == group.jurisdiction
        assert generation.instrument_of(row) == units[key].instrument
        assert generation.english.vectors[row].any() == (group.language == "en")
    runs = [(key, row) for key, start, stop in generation.runs for row in range(start, stop)]
    assert runs == [(generation.instrument_of(row), row) for row in range(len(units))]
    generation.close()


def test_what_a_kill_leaves_of_an_old_generation_passes_for_none(
    index_of: Maker, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = index_of(CORPUS, keep_generations=1)
    first = str(current_name(settings.index_dir))
    more(settings)

    def killed(folder: Path, **_: object) -> None:
        (folder / "units.txt").unlink(missing_ok=True)

    with monkeypatch.context() as patched:
        patched.setattr("lawsearch.generation.shutil.rmtree", killed)
        second = build(settings, models)
    assert names(settings.index_dir) == [second]
    assert folders(settings) == [f".removed-{first}", second]
    more(settings, 2)
    third = build(settings, models)
    assert folders(settings) == [third]


def test_preambles_are_kept_but_not_matched(core: Searcher) -> None:
    store = core.generation.store
    assert store.resolve(f"{SG.id}/~preamble").text.startswith("An Act")
    assert f"{SG.id}/en/~preamble" not in core.generation.rows


def test_units_are_the_same_whether_kept_or_read_again(core: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, groups = rows(core.generation.store)
    monkeypatch.setattr(indexing, "KEPT", 2)
    read, same = rows(core.generation.store)
    assert groups == same
    assert list(kept) == list(read)
    assert list(read) == list(read), "read again"
    assert (kept[1], kept[1:3]) == (read[1], read[1:3])
    assert kept.ids == read.ids == list(core.generation.ids)


def test_vectors_are_those_of_their_provisions(core: Searcher, models: Models) -> None:
    from lawsearch import views

    generation = core.generation
    units = [generation.store.provision(key) for key in generation.ids]
    wanted = models.multilingual.encode([views.whole(u) for u in units])
    assert np.allclose(generation.whole.vectors, wanted, atol=1e-5)
    lines = [line for u in units for line in views.parts(u.text)]
    assert np.allclose(generation.parts[:], models.multilingual.encode(lines), atol=1e-4)


def test_a_reader_keeps_its_generation_while_a_new_one_becomes_current(index_of: Maker, models: Models) -> None:
    settings = index_of(CORPUS[:3])
    reader = Searcher(settings, Generation.current(settings.index_dir), models)
    asked = reader.search("light the lamp at dusk")
    for number in (1, 2, 3):
        more(settings, number)
        build(settings, models)
    assert reader.stale()
    again = reader.search("light the lamp at dusk")
    assert again.answers == asked.answers
    assert again.generation == asked.generation
    fresh = reader.renewed()
    assert not fresh.stale()
    assert list(fresh.generation.ids) != list(reader.generation.ids)
    for searcher in (reader, fresh):
        searcher.generation.close()


def test_an_unchanged_corpus_builds_nothing(index_of: Maker, models: Models) -> None:
    settings = index_of(CORPUS[:3])
    before = folders(settings)
    assert build(settings, models) == current_name(settings.index_dir)
    assert folders(settings) == before
    forced = build(settings, models, force=True)
    assert forced == current_name(settings.index_dir) != before[0]


@pytest.mark.parametrize("change", ["corpus", "model", "no second model", "prefix"])
def test_every_change_builds_a_new_one(
    index_of: Maker, models: Models, model_folders: tuple[Path, Path], change: str
) -> None:
    settings = index_of(CORPUS[:3])
    before = current_name(settings.index_dir)
    given = {
        "corpus": models,
        "model": Models(models.english, models.english),
        "no second model": Models(models.multilingual),
        "prefix": Models(Encoder(model_folders[0], "ask: ", threads=1), models.english),
    }[change]
    if change == "corpus":
        more(settings)
    assert build(settings, given) != before
    assert current_name(settings.index_dir) != before


@pytest.mark.parametrize("stage", ["embedding", "lexicon", "linking", "check"])
def test_a_failed_build_leaves_the_former_serving_and_nothing_else(
    index_of: Maker, models: Models, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    class Broken(Exception):
        pass

    def broken(*_: object, **__: object) -> None:
        raise Broken

    settings = index_of(CORPUS[:3])
    before = folders(settings)
    more(settings)
    place = {
        "embedding": "lawsearch.indexing.EmbeddingCache.encode",
        "lexicon": "lawsearch.indexing.Lexicon.build",
        "linking": "lawsearch.indexing.link",
        "check": "lawsearch.indexing._check",
    }[stage]
    with monkeypatch.context() as patched:
        patched.setattr(place, broken)
        with pytest.raises(Broken):
            build(settings, models)
    assert folders(settings) == before
    assert [current_name(settings.index_dir)] == before
    Generation.current(settings.index_dir).close()
    build(settings, models)
    assert len(folders(settings)) == 2


def test_an_empty_store_is_refused(tmp_path: Path, models: Models) -> None:
    settings = Settings(index_dir=tmp_path)
    with pytest.raises(GenerationError, match=r"holds no provisions.*lawsearch ingest"):
        build(settings, models)
    assert current_name(tmp_path) is None
    with pytest.raises(GenerationError, match="no index in"):
        Generation.current(tmp_path)


# numpy leaves a damaged npz open until it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("damage", ["gone", "empty", "cut short", "something else"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_generation_is_refused_and_built_again(
    built: Settings, tmp_path: Path, name: str, damage: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(generations_dir(built.index_dir) / str(current_name(built.index_dir)), folder)
    file = folder / name
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        rest = {"empty": b"", "cut short": data[: len(data) // 2], "something else": b"?" * len(data)}
        file.write_bytes(rest[damage])
    with pytest.raises(GenerationError) as caught:
        Generation(folder)
    assert str(folder) in caught.value.problem
    assert "lawsearch index" in caught.value.remedy
    del caught
    gc.collect(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_current_generation_is_replaced_by_the_next_build(index_of: Maker, models: Models) -> None:
    settings = index_of(CORPUS[:3])
    name = current_name(settings.index_dir)
    (generations_dir(settings.index_dir) / str(name) / "links" / "data.npy").write_bytes(b"")
    assert build(settings, models) != name
    Generation.current(settings.index_dir).close()
    gc.collect(1)


def test_another_format_and_a_missing_folder_are_named(index_of: Maker) -> None:
    settings = index_of(CORPUS[2:3])
    folder = generations_dir(settings.index_dir) / str(current_name(settings.index_dir))
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": FORMAT + 1}))
    with pytest.raises(GenerationError, match=f"index format {FORMAT + 1}, this version reads {FORMAT}"):
        Generation.current(settings.index_dir)
    switch(settings.index_dir, "20990101T000000-00000000")
    with pytest.raises(GenerationError, match="CURRENT names 20990101T000000-00000000, which is not there"):
        Generation.current(settings.index_dir)


def test_files_that_disagree_are_refused(index_of: Maker) -> None:
    settings = index_of(CORPUS[2:3])
    folder = generations_dir(settings.index_dir) / str(current_name(settings.index_dir))
    units = folder / "units.txt"
    units.write_text("\n".join(units.read_text().splitlines()[:-1]))
    with pytest.raises(GenerationError, match="disagree"):
        Generation(folder)


@pytest.mark.parametrize(
    ("current", "keep", "kept"), [("4", 2, "34"), ("1", 2, "134"), ("4", 1, "4"), ("2", 9, "1234")]
)
def test_prune_keeps_the_newest_and_the_current(tmp_path: Path, current: str, keep: int, kept: str) -> None:
    for name in ("1", "2", "3", "4", ".building-99"):
        folder = generations_dir(tmp_path) / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").touch()
    switch(tmp_path, current)
    prune(tmp_path, keep)
    assert sorted(p.name for p in generations_dir(tmp_path).iterdir()) == [".building-99", *kept]
    assert current_name(tmp_path) == current


def test_an_index_does_not_depend_on_the_order_of_ingestion(index_of: Maker, tmp_path: Path) -> None:
    one = index_of(CORPUS)
    two = index_of(CORPUS[::-1], index_dir=tmp_path / "other")
    a, b = (Generation.current(s.index_dir) for s in (one, two))
    assert list(a.ids) == list(b.ids)
    assert a.manifest["corpus_digest"] == b.manifest["corpus_digest"]
    assert np.allclose(a.links.toarray(), b.links.toarray(), atol=1e-5)
    a.close()
    b.close()


def test_a_law_that_left_the_store_leaves_the_next_generation(index_of: Maker, models: Models) -> None:
    settings = index_of([CORPUS[0], replace(CORPUS[2], source="gone.pdf")])
    with Store(settings.store_path) as store:
        store.remove("gone.pdf")
    build(settings, models)
    generation = Generation.current(settings.index_dir)
    assert PH.id not in generation.instruments
    assert set(generation.groups) == {"sg-en"}
    generation.close()


def test_an_index_does_not_depend_on_how_much_is_in_memory_at_once(
    index_of: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = index_of(CORPUS)
    monkeypatch.setattr("lawsearch.indexing.STEP", 3)
    monkeypatch.setattr("lawsearch.vectors._STEP", 5)
    two = index_of(CORPUS, index_dir=tmp_path / "other")
    a, b = (Generation.current(s.index_dir) for s in (one, two))
    for name in ("whole", "title", "english"):
        assert np.allclose(getattr(a, name).vectors, getattr(b, name).vectors, atol=1e-5), name
    assert np.allclose(a.parts[:], b.parts[:], atol=1e-4)
    assert np.array_equal(a.offsets, b.offsets)
    assert np.allclose(a.links.toarray(), b.links.toarray(), atol=1e-4)
    a.close()
    b.close()


def test_units_are_read_in_row_order_whichever_way_they_are_asked_for(built: Settings) -> None:
    generation = Generation.current(built.index_dir)
    units, groups = rows(generation.store)
    assert list(units) == [units[row] for row in range(len(units))] == units[:]
    assert units.ids == list(generation.ids)
    assert {group.name: group for group in groups} == generation.groups
    generation.close()
