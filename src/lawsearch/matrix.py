"""The matrix: topics of a field of law, or the provisions of a pivot text, in rows; jurisdictions in columns; in each
cell what a jurisdiction has of it, or why nothing is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import numpy as np

from lawsearch.answer import UNCERTAIN
from lawsearch.generation import Generation, Group
from lawsearch.provision import Provision
from lawsearch.store import Store
from lawsearch.topic import Topic
from lawsearch.vocabulary import jurisdictions

#: Provisions that a cell shows at most.
SHOWN = 3
#: What a cell says. ``confirmed`` and ``rejected`` are a person's; ``unreadable``: there are files, but their
#: provisions could not be told; of ``no text`` nothing is known at all.
STATES = ("confirmed", "corresponds", "partly", "rejected", "none", "unreadable", "no text")
#: Of these, those in which a jurisdiction has something, and those that say nothing of it.
PRESENT, SILENT = ("confirmed", "corresponds", "partly"), ("unreadable", "no text")
#: How far what a row is about is spread: where every jurisdiction has it, in more than half, in fewer, nowhere; and
#: where fewer than two can be judged.
SPREADS = ("common baseline", "widespread", "fragmented", "nowhere", "unknown")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one jurisdiction has: the state, one of STATES, and provisions with their scores (None: a person chose it),
    surest first; ``more`` were left out."""

    jurisdiction: str
    state: str
    provisions: tuple[tuple[Provision, float | None], ...] = ()
    more: int = 0

    @property
    def best(self) -> Provision | None:
        """The provision that it shows first."""
        return self.provisions[0][0] if self.provisions else None


@dataclass(frozen=True, slots=True)
class Row:
    """A topic or a provision with its cells, in the order of the jurisdictions asked for."""

    subject: Topic | Provision
    cells: tuple[Cell, ...]

    @property
    def counted(self) -> list[Cell]:
        """The cells that the spread is counted over: of member states, where there are any, that can be judged."""
        members = [c for c in self.cells if jurisdictions()[c.jurisdiction].member]
        return [c for c in members or self.cells if c.state not in SILENT]

    @property
    def present(self) -> int:
        """In how many of them there is something."""
        return sum(c.state in PRESENT for c in self.counted)

    @property
    def spread(self) -> str:
        """One of SPREADS."""
        there, of = self.present, len(self.counted)
        if of < 2:
            return "unknown"
        if there == of:
            return "common baseline"
        if not there:
            return "nowhere"
        return "widespread" if 2 * there > of else "fragmented"


def tally(cells: Iterable[Cell]) -> dict[str, int]:
    """How many cells say what, by STATES."""
    found = Counter(cell.state for cell in cells)
    return {state: found[state] for state in STATES}


def unjudged(row: Row, codes: Collection[str]) -> Row:
    """The row where nothing can be told of the jurisdictions ``codes``: that nothing was found there says nothing."""
    blank = ("none", "no text")
    return replace(
        row,
        cells=tuple(
            replace(c, state="unreadable") if c.jurisdiction in codes and c.state in blank else c for c in row.cells
        ),
    )


def matrix(generation: Generation, store: Store, topics: Sequence[Topic], codes: Sequence[str]) -> list[Row]:
    """The rows of ``topics`` over the jurisdictions ``codes``; the same section in two languages counts once. A topic
    is there in part where that is uncertain. ``store`` is the generation's, opened for this thread."""
    groups = {code: [g for g in generation.groups.values() if g.jurisdiction == code] for code in codes}
    # The same section answers several topics.
    provision = cache(store.provision)
    scores = ((topic, generation.about_topic(topic.id)) for topic in topics)
    return [
        Row(topic, tuple(_cell(generation, code, own, about, provision) for code, own in groups.items()))
        for topic, about in scores
    ]


def _cell(
    generation: Generation,
    code: str,
    groups: Sequence[Group],
    scores: np.ndarray,
    provision: Callable[[str], Provision],
) -> Cell:
    """What the ``groups`` of a jurisdiction have of a topic that units are about as ``scores`` (n,) say."""
    none = np.zeros(0, np.int64)
    rows = np.concatenate([none, *(g.start + np.flatnonzero(scores[g.start : g.stop] > 0) for g in groups)])
    found: dict[tuple[str, str], int] = {}
    for row in rows[np.argsort(-scores[rows], kind="stable")].tolist():
        work, eid = generation.ids[row].split("/~", 1)
        found.setdefault((work.rsplit("/", 1)[0], eid), row)
        # In one language no section is there twice.
        if len(groups) == 1 and len(found) == SHOWN:
            break
    best = tuple((provision(generation.ids[row]), float(scores[row])) for row in islice(found.values(), SHOWN))
    more = (len(rows) if len(groups) == 1 else len(found)) - len(best)
    if not best:
        return Cell(code, "none" if groups else "no text")
    return Cell(code, "corresponds" if 1 - best[0][1] < UNCERTAIN else "partly", best, more)
