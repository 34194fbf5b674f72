"""Facets: what the hits of a question have in common, counted, so that it can be narrowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lawsearch.answer import Answer, Filters, Hit

#: Hits of each jurisdiction that are counted, and the least score of one.
DEPTH = 10
LEAST = 0.25
#: The facets in the order in which they are shown, with the field of Filters that narrows by each.
FACETS = {
    "jurisdiction": "jurisdictions", "force": "forces", "kind": "kinds", "status": "statuses",
    "language": "languages", "topic": "topics", "year": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facet:
    """One value, how many of the hits have it, and whether it is chosen."""

    value: str
    count: int
    chosen: bool


def values(hit: Hit, facet: str) -> tuple[str, ...]:
    """The values that a hit has in one facet."""
    if facet == "topic":
        return hit.topics
    if facet == "language":
        return (hit.provision.language,)
    if facet == "year":
        return (str(hit.instrument.year),) if hit.instrument.year else ()
    return (str(getattr(hit.instrument, facet)),)


def facets(answers: Iterable[Answer], filters: Filters) -> dict[str, list[Facet]]:
    """All facets with their values, those of most hits first, years from the newest.

    ``answers`` are unfiltered and of jurisdictions that have a counterpart. Each facet is counted over what the other
    filters leave: its numbers say what choosing one more value would add.
    """
    hits = [hit for answer in answers for hit in answer.hits[:DEPTH] if hit.score >= LEAST]
    fits = {facet: [_fits(hit, facet, filters) for hit in hits] for facet in FACETS}
    named = [not filters.instruments or hit.instrument.id in filters.instruments for hit in hits]
    found = {}
    for facet in FACETS:
        others = [fits[other] for other in FACETS if other != facet]
        left = [h for i, h in enumerate(hits) if named[i] and all(other[i] for other in others)]
        counts = Counter(value for hit in left for value in values(hit, facet))
        chosen = set(_chosen(facet, filters))
        rows = [Facet(v, n, v in chosen) for v, n in counts.items()] + [Facet(v, 0, True) for v in chosen - set(counts)]
        order = (lambda f: f.value) if facet == "year" else (lambda f: (f.count, f.value == "unknown"))
        found[facet] = sorted(rows, key=order, reverse=True)
    return found


def _chosen(facet: str, filters: Filters) -> Iterator[str]:
    if FACETS[facet]:
        yield from getattr(filters, FACETS[facet])
    elif filters.year_from and filters.year_from == filters.year_to:
        yield str(filters.year_from)


def _fits(hit: Hit, facet: str, filters: Filters) -> bool:
    if FACETS[facet]:
        allowed = getattr(filters, FACETS[facet])
        return not allowed or any(value in allowed for value in values(hit, facet))
    year = hit.instrument.year
    after = filters.year_from is None or (year is not None and year >= filters.year_from)
    return after and (filters.year_to is None or (year is not None and year <= filters.year_to))
