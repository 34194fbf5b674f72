"""The matrix: topics of a field of law in rows, jurisdictions in columns, provisions in the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lawsearch.generation import Generation
from lawsearch.provision import Provision
from lawsearch.store import Store
from lawsearch.topic import Topic

#: Provisions that a cell shows at most.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """What one jurisdiction has on one topic: provisions with their scores, surest first; ``more`` were left out.
    A cell without provisions is a gap as far as the corpus goes; one without ``units`` says nothing."""

    jurisdiction: str
    provisions: tuple[tuple[Provision, float], ...]
    more: int
    units: int


@dataclass(frozen=True, slots=True)
class Row:
    """One topic with its cells, in the order of the jurisdictions asked for."""

    topic: Topic
    cells: tuple[Cell, ...]


def matrix(generation: Generation, store: Store, topics: Sequence[Topic], jurisdictions: Sequence[str]) -> list[Row]:
    """The rows of ``topics`` over ``jurisdictions``; the same section in two languages counts once. ``store`` is the
    generation's, opened for this thread."""
    groups = {code: [g for g in generation.groups.values() if g.jurisdiction == code] for code in jurisdictions}
    rows = []
    for topic in topics:
        scores = generation.about_topic(topic.id)
        cells = []
        for code, own in groups.items():
            found: dict[tuple[str, str], tuple[float, str]] = {}
            for group in own:
                for row in (scores[group.start : group.stop].nonzero()[0] + group.start).tolist():
                    work, eid = generation.ids[row].split("/~", 1)
                    section = (work.rsplit("/", 1)[0], eid)
                    found[section] = max(found.get(section, (0.0, "")), (float(scores[row]), generation.ids[row]))
            best = sorted(found.values(), key=lambda entry: (-entry[0], entry[1]))
            shown = tuple((store.provision(key), score) for score, key in best[:SHOWN])
            units = sum(g.stop - g.start for g in own)
            cells.append(Cell(code, shown, len(best) - len(shown), units))
        rows.append(Row(topic, tuple(cells)))
    return rows
