"""Former wordings in a search as of a day: ranked beside those of today by the same views.

A generation keeps the vectors, words and concepts of every wording that no longer stands; they cost no embedding, for
each was embedded when it stood. What all texts have in common (hubness, rarity of words and concepts, links between
laws) is that of today.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

from lawsearch import views
from lawsearch.bags import spans
from lawsearch.bridges import Bridges
from lawsearch.embedding import Encoder, Models
from lawsearch.generation import Generation, Group
from lawsearch.instrument import Instrument
from lawsearch.journal import Version
from lawsearch.matching import Matcher, Query, directions, late
from lawsearch.ranking import Ranking, fuse
from lawsearch.store import Store
from lawsearch.vectors import Parts

#: The constants of BM25 that the lexical index has, too.
_K, _B = 1.2, 0.75
Embed = Callable[[Encoder, Sequence[str], str], np.ndarray]


def write(folder: Path, store: Store, models: Models, embed: Embed) -> None:
    """Write the views of all former wordings of a store into the new ``folder``; nothing where there are none."""
    read = [(v, store.journal.read(v)[0]) for v in store.journal.former()]
    kept = [(v, p) for v, p in read if p.is_matched]
    if not kept:
        return
    folder.mkdir()
    units = [p for _, p in kept]
    lines = [views.parts(p.text) for p in units]
    wholes = [views.whole(p) for p in units]
    english = np.zeros((len(units), models.english.dimensions if models.english else 1), np.float32)
    spoken = [row for row, p in enumerate(units) if p.language == "en"]
    if models.english and spoken:
        english[spoken] = embed(models.english, [wholes[row] for row in spoken], "former wordings in English")
    parts = embed(models.multilingual, [line for part in lines for line in part], "former parts")
    arrays = {
        "whole": embed(models.multilingual, wholes, "former wordings"),
        "title": embed(models.multilingual, [views.title(p) for p in units], "former titles"),
        "english": english,
        "offsets": np.cumsum([0, *(len(part) for part in lines)], dtype=np.int64),
    }
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    Parts.write(folder / "parts.npy", parts.shape, [parts])
    rows = [
        {"version": v.number, "words": dict(Counter(views.vocabulary(p))), "concepts": dict(views.bag(p))}
        for v, p in kept
    ]
    (folder / "wordings.json").write_text(json.dumps(rows, ensure_ascii=False), "utf-8")


class Former:
    """The former wordings of a generation. Their rows follow those of the units: the first is ``len(ids)``."""

    def __init__(self, generation: Generation) -> None:
        """Read what ``write`` wrote. Raises OSError, ValueError, KeyError where it is damaged."""
        self._generation = generation
        self._count = len(generation.ids)
        folder = generation.store.path.parent / "former"
        journal = generation.store.journal
        known = journal.since()
        #: When each unit of today was first seen as it is, by row; texts that compare like times.
        self.since = np.array([known.get(key, "") for key in generation.ids])
        self.versions: list[Version] = []
        self.instruments: Mapping[str, Instrument] = generation.instruments
        if not folder.is_dir():
            return
        rows = json.loads((folder / "wordings.json").read_text("utf-8"))
        self._whole, self._title, self._english, self.offsets = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("whole", "title", "english", "offsets")
        )
        self.parts = Parts(folder / "parts.npy")
        former = {v.number: v for v in journal.former()}
        self.versions = [former[row["version"]] for row in rows]
        self._words: list[Mapping[str, int]] = [row["words"] for row in rows]
        self._length = np.array([sum(row["words"].values()) for row in rows], np.float32)
        self._bags = sparse.csr_matrix(np.stack([generation.bags.vector(row["concepts"]) for row in rows]))
        gone = {v.instrument for v in self.versions} - generation.instruments.keys()
        self.instruments = {**generation.instruments, **{key: journal.instrument(key) for key in gone}}
        # The row of today that each became, or -1.
        lines = journal.lines()
        now = {line: generation.rows.get(key, -1) for line, key in lines.items()}
        self._now = np.array([now.get(v.line, -1) for v in self.versions], np.int64)

    def groups(self) -> list[Group]:
        """The groups that there are former wordings of and no wording of today, each with no rows."""
        found = {self._group(v): (self.instruments[v.instrument].jurisdiction, v.language) for v in self.versions}
        return [
            Group(name, code, language, 0, 0)
            for name, (code, language) in sorted(found.items())
            if name not in self._generation.groups
        ]

    def _group(self, version: Version) -> str:
        return f"{self.instruments[version.instrument].jurisdiction}-{version.language}"

    def standing(
        self, moment: str, fits: Callable[[Version, Instrument], bool], topics: np.ndarray | None
    ) -> list[int]:
        """The former wordings that stood at a moment, that ``fits`` lets through and, where ``topics``
        (n,) says which rows of today are about what was asked for, of provisions that are still."""
        return [
            i
            for i, v in enumerate(self.versions)
            if v.since <= moment < v.until
            and fits(v, self.instruments[v.instrument])
            and (topics is None or (self._now[i] >= 0 and topics[self._now[i]]))
        ]

    def joined(
        self, matcher: Matcher, query: Query, group: Group, ranking: Ranking, standing: Sequence[int]
    ) -> tuple[Ranking, int]:
        """The ranking of a group with those of its former wordings that stood then, by the same views; and how many
        these are."""
        own = np.array([i for i in standing if self._group(self.versions[i]) == group.name], np.int64)
        if not len(own):
            return ranking, 0
        hubs = self._hubness(matcher, own, query.language)
        seen = {
            "meaning": 2 * (self._whole[own] @ query.meaning) - hubs,
            "title": self._title[own] @ query.title,
        }
        if len(query.parts):
            widths, counts = np.array([len(query.parts)]), self.offsets[own + 1] - self.offsets[own]
            parts = self.parts[spans(self.offsets[own], counts)]
            seen["parts"] = 2 * late(parts, counts, query.parts, widths)[:, 0] - directions(widths) * hubs
        if query.english is not None and group.language == "en":
            seen["english"] = self._english[own] @ query.english
        if query.concepts.any():
            seen["concepts"] = self._bags[own] @ query.concepts
        if group.language == query.language:
            seen["words"] = self._overlap(query.words, own)
        rows = np.concatenate([ranking.rows, own + self._count])
        both = {name: np.concatenate([ranking.views.get(name, np.zeros(0)), value]) for name, value in seen.items()}
        # How near the group is as a whole stays as it is.
        around = float(ranking.views["meaning"].max(initial=0.0)) - ranking.nearness if len(ranking.rows) else 0.0
        (found,) = fuse([rows], [both], [float(both["meaning"].max(initial=0.0)) - around])
        return found, len(own)

    def _hubness(self, matcher: Matcher, rows: np.ndarray, language: str) -> np.ndarray:
        """That of what each wording became; of what is gone, the mean of all."""
        now = self._now[rows]
        found = np.full(len(rows), float(matcher.hubness(np.arange(self._count), language).mean()))
        found[now >= 0] = matcher.hubness(now[now >= 0], language)
        return found

    def _overlap(self, words: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """BM25 of the words of a query, with the rarity that they have today."""
        weights = {word: self._generation.lexicon.weight(word) for word in words}
        mean = float(self._length.mean()) or 1.0
        found = np.zeros(len(rows))
        for place, row in enumerate(rows.tolist()):
            long = _K * (1 - _B + _B * float(self._length[row]) / mean)
            held = ((self._words[row].get(word, 0), weight) for word, weight in weights.items())
            found[place] = sum(weight * n * (_K + 1) / (n + long) for n, weight in held if n)
        return found

    def through(self, bridges: Bridges) -> Bridges:
        """The same with what links say of former wordings: as much as of what each became."""
        if not self.versions:
            return bridges

        def longer(said: np.ndarray) -> np.ndarray:
            return np.concatenate([said, np.where(self._now >= 0, said[self._now], 0).astype(said.dtype)])

        beside = None if bridges.beside is None else longer(bridges.beside)
        return Bridges(bridges.shares, longer(bridges.reach), beside)

    def cosines(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """As ``Bags.cosines``, for the wordings in ``rows``."""
        found: np.ndarray = self._bags[rows - self._count] @ query
        return found

    def now(self, row: int) -> int:
        """The row of today that the wording in a row became, -1 where it is gone."""
        return int(self._now[row - self._count])

    def bag(self, row: int) -> np.ndarray:
        """The vector of concepts of the wording in a row."""
        bag: np.ndarray = self._bags[[row - self._count]].toarray().ravel()
        return bag

    def shared(self, query: np.ndarray, row: int, limit: int) -> list[str]:
        """As ``Bags.shared``, for the wording in a row."""
        both = self.bag(row) * query
        return [self._generation.bags.keys[i] for i in np.argsort(-both, kind="stable")[:limit] if both[i] > 0]

    def version(self, row: int) -> Version:
        """The version in a row."""
        return self.versions[row - self._count]

    def lines(self, row: int) -> np.ndarray:
        """The vectors of the parts of the wording in a row."""
        start, stop = self.offsets[row - self._count : row - self._count + 2]
        return self.parts[start:stop]
