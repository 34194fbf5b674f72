"""The whole table of correspondence between two texts: every unit of one against every unit of the other.

Each unit of either text is ranked against the other text as a question of its own (``matching``), and the two
directions are read together: what the units of both texts choose of each other corresponds; what only one of them
chooses corresponds partly or is related. A unit may have several counterparts, or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lawsearch.answer import Signal
from lawsearch.confidence import doubts
from lawsearch.errors import NotFoundError
from lawsearch.generation import Generation
from lawsearch.grading import GRADES, NEAR, UNSEEN, Choice, grade, mutual
from lawsearch.instrument import Instrument
from lawsearch.matching import Matcher
from lawsearch.provision import Provision
from lawsearch.store import Store

#: Shared concepts given as a reason.
CONCEPTS = 4


@dataclass(frozen=True, slots=True, order=True)
class Side:
    """One language version of an instrument: a side of a table. ``id`` is its address."""

    instrument: str
    language: str

    @property
    def id(self) -> str:
        return f"{self.instrument}/{self.language}"


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Two corresponding units: the grade, a score (the geometric mean of both directions), what each says of the
    other, the views that spoke for it, strongest first, and the keys of concepts that both name."""

    source: str
    target: str
    grade: str
    score: float
    there: Choice
    back: Choice
    signals: tuple[Signal, ...]
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """The table of two texts. ``rows`` are in the order of the source text, for each unit best first; ``units``
    and ``other_units`` all units that were compared, in the order of the texts."""

    source: Side
    target: Side
    units: tuple[str, ...]
    other_units: tuple[str, ...]
    rows: tuple[Correspondence, ...]

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Units of the source to which nothing of the target corresponds."""
        found = {row.source for row in self.rows}
        return tuple(key for key in self.units if key not in found)

    @property
    def other_unmatched(self) -> tuple[str, ...]:
        """Units of the target to which nothing of the source corresponds."""
        found = {row.target for row in self.rows}
        return tuple(key for key in self.other_units if key not in found)


def side(instruments: Mapping[str, Instrument], languages: Mapping[str, Sequence[str]], key: str) -> Side:
    """The text that ``key`` names: an instrument (its authoritative language, else the first there is) or one
    language version of it. ``languages`` are those in which each instrument has a text. Raises NotFoundError."""
    key = "/" + key.strip("/")
    work, _, language = key.rpartition("/")
    if key not in instruments and language in languages.get(work, ()):
        return Side(work, language)
    available = languages.get(key, ())
    if key not in instruments or not available:
        raise NotFoundError(f"no instrument {key!r} in the corpus", "Its list is at /instruments")
    own = instruments[key].authoritative
    return Side(key, own if own in available else available[0])


def align(generation: Generation, store: Store, source: Side, target: Side) -> Alignment:
    """Every unit of ``source`` against every unit of ``target``, both of the generation; ``store`` is its store."""
    matcher = Matcher(generation)
    units = [u for u in store.contents(source.instrument, source.language) if u.id in generation.rows]
    others = [u for u in store.contents(target.instrument, target.language) if u.id in generation.rows]
    there = _Direction(matcher, units, others, target)
    back = _Direction(matcher, others, units, source)
    place = {u.id: i for i, u in enumerate(others)}
    pairs = {unit: set(near) for unit, near in there.chosen.items()}
    for other, near in back.chosen.items():
        for unit in near:
            pairs[unit].add(other)
    rows = []
    for a in units:
        found = []
        for b in sorted(pairs.get(a.id, ()), key=place.__getitem__):
            one, two = there.choice(a.id, b), back.choice(b, a.id)
            named = grade(one, two)
            if named:
                row = Correspondence(
                    source=a.id, target=b, grade=named, score=mutual(one, two), there=one, back=two,
                    signals=there.signals(a.id, b) or back.signals(b, a.id), concepts=_shared(generation, a.id, b),
                )  # fmt: skip
                found.append(row)
        rows += sorted(found, key=lambda r: (GRADES.index(r.grade), -r.score))
    return Alignment(source, target, tuple(u.id for u in units), tuple(u.id for u in others), tuple(rows))


def _shared(generation: Generation, one: str, other: str) -> tuple[str, ...]:
    bags = generation.bags
    (shared,) = bags.shared(bags.row(generation.rows[one]), np.array([generation.rows[other]]), CONCEPTS)
    return tuple(shared)


class _Direction:
    """The rankings of the units of one text over the units of the other."""

    def __init__(self, matcher: Matcher, units: Sequence[Provision], others: Sequence[Provision], to: Side) -> None:
        g = matcher.generation
        mask = np.zeros(len(g.ids), bool)
        mask[[g.rows[u.id] for u in others]] = True
        self._rankings = {}
        self._places: dict[str, dict[str, int]] = {}
        self._doubts: dict[str, float] = {}
        self.chosen: dict[str, list[str]] = {}
        if not units or not others:
            return
        group = g.groups[f"{g.instruments[to.instrument].jurisdiction}-{to.language}"]
        queries = [matcher.query_of(g.rows[unit.id], unit, {to.language}) for unit in units]
        bridged = matcher.bridges_of([g.rows[unit.id] for unit in units], g.links)
        ranked = matcher.ranks(queries, [group], mask)
        for unit, query, plain, bridges in zip(units, queries, ranked, bridged, strict=True):
            (ranking,) = matcher.bridged(plain, bridges)
            self._rankings[unit.id] = ranking
            self._places[unit.id] = {g.ids[r]: i for i, r in enumerate(ranking.rows)}
            (self._doubts[unit.id],) = doubts(matcher, query, [ranking], bridges, [group])
            near = ranking.rows[ranking.scores >= ranking.scores[0] - NEAR] if len(ranking.rows) else ()
            self.chosen[unit.id] = [g.ids[r] for r in near]

    def choice(self, unit: str, other: str) -> Choice:
        """What ``unit`` says of ``other``."""
        at = self._places.get(unit, {}).get(other)
        if at is None:
            return UNSEEN
        scores = self._rankings[unit].scores
        return Choice(at + 1, float(scores[0] - scores[at]), self._doubts[unit])

    def signals(self, unit: str, other: str) -> tuple[Signal, ...]:
        """The views that ``unit`` sees ``other`` in, strongest first; none where it was no candidate."""
        at = self._places.get(unit, {}).get(other)
        if at is None:
            return ()
        return self._rankings[unit].signals(at)
