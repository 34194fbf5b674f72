"""Verification: what a generation must pass before it is served, whether what lies in the index folder is sound, and
the way back where it is not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lawsearch import evaluation, milvus, orders, views
from lawsearch.embedding import EmbeddingCache, Models
from lawsearch.errors import GenerationError, LawsearchError, NotFoundError
from lawsearch.generation import Generation, current_name, discard, generations_dir, names, switch
from lawsearch.integrity import Finding, damages, disagreements, flaws, sync
from lawsearch.search import Searcher
from lawsearch.settings import Settings
from lawsearch.store import Store

#: Provisions that are asked for before a generation is served.
ASKED = 8
#: How much nearer than itself another may be to a text: what the order of a batch changes in the last digits.
_NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Loss:
    """An expression that had ``had`` sections and articles and lost ``lost`` of them: neither their ids nor their texts
    are there any more."""

    instrument: str
    language: str
    had: int
    lost: int

    def __str__(self) -> str:
        return f"{self.instrument} ({self.language}) lost {self.lost} of {self.had} provisions"


def losses(before: Store, after: Store, share: float) -> list[Loss]:
    """The expressions of ``before`` that lost more than ``share`` of their units; a unit that moved is not lost."""
    then, now = before.digests(), after.digests()
    texts = {(_expression(key), digest) for key, digest in now.items()}
    had, lost = Counter[str](), Counter[str]()
    for key, digest in then.items():
        where = _expression(key)
        had[where] += 1
        lost[where] += key not in now and (where, digest) not in texts
    found = []
    for where, n in sorted(lost.items()):
        if n > share * had[where]:
            instrument, language = where.rsplit("/", 1)
            found.append(Loss(instrument, language, had[where], n))
    return found


def _expression(key: str) -> str:
    return key.split("/~", 1)[0]


def smoke(searcher: Searcher) -> Iterator[str]:
    """What a few questions show: stored provisions, embedded anew, find themselves by meaning and by words, and a text
    is answered."""
    g = searcher.generation
    rows = sorted({int(row) for row in np.linspace(0, len(g.ids) - 1, ASKED)})
    units = [g.store.provision(g.ids[row]) for row in rows]
    everything = np.ones(len(g.ids), bool)
    for row, unit, vector in zip(
        rows, units, searcher.models.multilingual.encode([views.whole(u) for u in units]), strict=True
    ):
        group = next(group for group in g.groups.values() if group.start <= row < group.stop)
        _, cosines = g.whole.search(vector, group.name, 1, everything)
        if float(g.whole.vectors[row] @ vector) < float(cosines[0]) - _NEAR:
            yield f"{unit.id} does not find itself by its meaning"
        words = g.lexicon.rarest(views.vocabulary(unit))
        if words and row not in g.lexicon.search(words, [group.name], group.stop - group.start)[0]:
            yield f"{unit.id} does not find itself by its words"
    names = (views.titles(u) or u.label for u in units)
    asked = next((name for name in names if any(map(str.isalnum, name))), None)
    if asked and not any(a.hits for a in searcher.search(asked, limit=1).answers):
        yield f"{asked!r} is not answered"


def shortfalls(searcher: Searcher, gold: Path) -> Iterator[str]:
    """The measures on the gold table that are below their floors, which stand in its ``floors.toml`` by group of
    questions; of its laws only those are asked about that are in the corpus, recognised by their files' names.
    Raises QueryError where the folder is no gold table, GenerationError where it names no floors."""
    table = evaluation.Gold(gold)
    try:
        floors = tomllib.loads((gold / "floors.toml").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise GenerationError(f"{gold / 'floors.toml'} cannot be read: {error}", "See docs/running.md") from None
    here = {(Path(e.source.path).name, e.language): e.instrument.id for e in searcher.generation.store.entries()}
    named = {code: here.get((Path(law.file).name, law.language)) for code, law in table.laws.items()}
    works = {code: work for code, work in named.items() if work}
    table.laws = {code: law for code, law in table.laws.items() if code in works}
    report = evaluation.score(table, evaluation.answer(table, searcher, works))
    for group, measures in floors.items():
        for name, floor in measures.items():
            found = report.get(group, {}).get(name)
            if found is None:
                yield f"{group} {name} cannot be measured with the laws that are in the corpus"
            elif found < floor:
                yield f"{group} {name} is {found:.3f}, below {floor}"


def gate(settings: Settings, models: Models, accepted: Collection[str] = ()) -> Callable[[Generation], None]:
    """What a built generation must pass before it is served: it raises GenerationError with all that is wrong."""

    def check(built: Generation) -> None:
        searcher = Searcher(settings, built, models)
        wrong = list(smoke(searcher))
        if wrong:
            raise GenerationError(f"the index that was built does not answer: {'; '.join(wrong)}", "Try it again")
        allowed = {*accepted, *orders.load(settings.index_dir).accepted}
        before = _served(settings.index_dir)
        if before:
            with Store(before / "store.db", read_only=True) as store:
                lost = losses(store, built.store, settings.lost_share)
            wrong = [str(loss) for loss in lost if loss.instrument not in allowed]
        if wrong:
            given = " ".join(sorted({f"--accept {loss.instrument}" for loss in lost if loss.instrument not in allowed}))
            raise GenerationError(
                f"{'; '.join(wrong)}: more than the share of {settings.lost_share:g} that may go unsaid",
                f"Look at the files (lawsearch inspect); if it is right: lawsearch nightly {given}",
            )
        if settings.gold_dir and (wrong := list(shortfalls(searcher, settings.gold_dir))):
            raise GenerationError(f"below the floors of {settings.gold_dir}: {'; '.join(wrong)}", "See lawsearch eval")

    return check


def _served(index_dir: Path) -> Path | None:
    """The generation to compare with: the one that is served, else the newest whose store can be read."""
    for name in (current_name(index_dir), *reversed(names(index_dir))):
        folder = generations_dir(index_dir) / str(name)
        with contextlib.suppress(LawsearchError, sqlite3.Error, OSError):
            Store(folder / "store.db", read_only=True).close()
            return folder
    return None


def roll_back(index_dir: Path, name: str = "", engine: milvus.Milvus | None = None) -> str:
    """Serve ``name`` again, by default the generation before the current one, and do not build anew what is left;
    ``engine`` is the one of the settings.

    Returns the name. Raises NotFoundError, GenerationError where it is not kept or not sound.
    """
    current, kept, ordered = current_name(index_dir), names(index_dir), orders.load(index_dir)
    name = name or next((n for n in reversed(kept) if n < str(current) and n not in ordered.held), "")
    if not name or current is None:
        raise GenerationError(f"{index_dir} keeps no generation before {current}", "See the setting keep_generations")
    if name not in kept or name == current:
        others = ", ".join(n for n in kept if n != current) or "none"
        raise NotFoundError(f"there is no generation {name!r} to go back to", f"Besides {current} are kept: {others}")
    folder = generations_dir(index_dir) / name
    if wrong := "; ".join(map(str, generation_findings(folder))):
        raise GenerationError(f"{name} is damaged: {wrong}", "Choose another, or: lawsearch verify --repair")
    Generation(folder, engine).close()
    held = {n: facts for n, facts in ordered.held.items() if n != name}
    try:
        left = json.loads((generations_dir(index_dir) / current / "manifest.json").read_text("utf-8"))
        held[current] = {key: value for key, value in left.items() if key not in ("groups", "counts")}
    except (OSError, ValueError, AttributeError):
        pass  # what is damaged may be built again
    orders.save(index_dir, replace(ordered, held=held))
    switch(index_dir, name, engine)
    return name


def generation_findings(folder: Path) -> list[Finding]:
    """All that is wrong with a generation: with its files, and between its parts."""
    found = list(damages(folder))
    found += [Finding(str(folder / "store.db"), flaw) for flaw in flaws(folder / "store.db")]
    if found:
        return found
    try:
        generation = Generation(folder)
    except GenerationError as error:
        return [Finding(str(folder), error.problem)]
    try:
        return [Finding(str(folder), problem) for problem in disagreements(generation)]
    finally:
        generation.close()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: about the store, the generations by name, the cache of embeddings, and the rest."""

    store: tuple[Finding, ...]
    generations: dict[str, tuple[Finding, ...]]
    cache: tuple[Finding, ...]
    rest: tuple[Finding, ...]
    current: str | None

    @property
    def findings(self) -> list[Finding]:
        of_generations = [one for found in self.generations.values() for one in found]
        return [*self.rest, *of_generations, *self.store, *self.cache]

    @property
    def good(self) -> list[str]:
        """The sound generations, oldest first."""
        return [name for name, found in self.generations.items() if not found]


def verify(settings: Settings) -> Verdict:
    """Read everything in the index folder and say what is not sound. Nothing is changed."""
    index_dir, rest = settings.index_dir, []
    current = current_name(index_dir)
    generations = {name: tuple(generation_findings(generations_dir(index_dir) / name)) for name in names(index_dir)}
    if current is None:
        rest.append(Finding(str(index_dir), "no generation is served"))
    elif current not in generations:
        rest.append(Finding(str(index_dir / "CURRENT"), f"names {current!r}, which is not there"))
    if settings.desk_path.exists():
        with contextlib.closing(sqlite3.connect(settings.desk_path)) as desk:
            try:
                said = [str(row[0]) for row in desk.execute("pragma integrity_check(5)")]
            except sqlite3.Error as error:
                said = [str(error)]
        if said != ["ok"]:
            rest.append(Finding(str(settings.desk_path), f"{'; '.join(said)}. Put your backup of it in its place"))
    store = [Finding(str(settings.store_path), flaw) for flaw in _store_flaws(settings.store_path)]
    cache = [Finding(str(settings.embeddings_path), flaw) for flaw in _cache_flaws(settings.embeddings_path)]
    return Verdict(tuple(store), generations, tuple(cache), tuple(rest), current)


def _store_flaws(path: Path) -> Iterator[str]:
    if path.exists():
        yield from flaws(path, read_only=False)
    else:
        yield "is not there"


def _cache_flaws(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    try:
        with contextlib.closing(EmbeddingCache(path)) as cache:
            yield from cache.flaws()
    except sqlite3.Error as error:
        yield f"cannot be read ({error})"


def repair(settings: Settings, verdict: Verdict, rebuild: Callable[[], str], tell: Callable[[str], None]) -> None:
    """Put right what ``verify`` found, telling each step; ``rebuild`` builds and serves a generation of the store.

    A sound former generation is served meanwhile; a damaged store is replaced by the snapshot in the newest sound
    generation, and kept beside it. Raises LawsearchError where neither is sound.
    """
    index_dir, folder = settings.index_dir, generations_dir(settings.index_dir)
    sound, engine = verdict.good, milvus.engine(settings.index)
    if verdict.store and not sound:
        raise LawsearchError(
            f"{settings.store_path} is damaged and no sound generation is kept",
            "Move it away and read the documents again: lawsearch ingest PATH",
        )
    broken = verdict.current not in sound
    if broken and sound:
        switch(index_dir, sound[-1], engine)
        tell(f"{sound[-1]} is served meanwhile")
    if verdict.cache:
        tell(f"{settings.embeddings_path}: {_mended(settings.embeddings_path)}")
    if verdict.store:
        aside = _restored(settings.store_path, folder / sound[-1] / "store.db")
        tell(f"{settings.store_path} is what it was in {sound[-1]}; the damaged one is {aside}")
        tell("What was read since then is read again by the next lawsearch nightly or ingest")
    if broken or verdict.cache or verdict.store:
        tell(f"{rebuild()} is served")
    for name, found in verdict.generations.items():
        if found and name != current_name(index_dir):
            discard(folder / name, engine)
            tell(f"{name} is removed")


def _mended(path: Path) -> str:
    """Drop what is damaged of the cache of embeddings, at worst all of it; says which."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(EmbeddingCache(path)) as cache:
        if cache.mend():
            return "the damaged vectors are removed and made again"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return "it is removed, and everything is embedded again"


def _restored(store: Path, snapshot: Path) -> Path:
    """Put a copy of the snapshot in the place of a damaged store; returns where that one is now."""
    pending = store.with_name(store.name + ".pending")
    shutil.copyfile(snapshot, pending)
    aside = store.with_name(f"{store.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.replace(store.with_name(store.name + suffix), aside.with_name(aside.name + suffix))
    os.replace(pending, store)
    sync(store.parent)
    return aside
