"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from lawsearch.bags import spans
from lawsearch.bridges import Bridges
from lawsearch.generation import Group
from lawsearch.matching import NEAREST, Matcher, Query, directions, late
from lawsearch.ranking import WEIGHTS, Ranking, attention, standard

#: Nobody is surer than two readers of the same laws, who agree at F1 .96.
CERTAIN = 0.96


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells whether a group has a counterpart, all higher where it has. ``core``: how alike the concepts of one of
    its candidates are to those that the question has in common with its counterparts in other jurisdictions, a cosine.
    ``about``: the share of the concepts in the question's heading that the best candidate names; ``law``: that its text
    as a whole names. ``nearness``: how far the nearest candidate stands out by meaning (``Ranking.nearness``).
    ``mutual``: what the best candidate gives ``returned``, None for a question that is no unit of a text."""

    core: float
    about: float
    law: float
    nearness: float
    mutual: float | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic estimate: the weight of each kind of evidence, what is added, and what is added for a
    ``jurisdiction`` of which something was learned."""

    core: float
    about: float
    law: float
    nearness: float
    mutual: float
    bias: float
    jurisdiction: Mapping[str, float]

    def of(self, evidence: Evidence, jurisdiction: str) -> float:
        """The estimate, between 1 - ``CERTAIN`` and ``CERTAIN``."""
        e = evidence
        value = self.core * e.core + self.about * e.about + self.law * e.law + self.nearness * e.nearness
        value += self.mutual * (e.mutual or 0.0) + self.bias + self.jurisdiction.get(jurisdiction, 0.0)
        return min(max(1 / (1 + math.exp(-value)), 1 - CERTAIN), CERTAIN)


@cache
def weights() -> dict[str, Weights]:
    """The fitted weights: for a ``unit`` and for a ``text`` that name concepts, and for a question ``without``."""
    table = tomllib.loads(files("lawsearch").joinpath("data", "doubt.toml").read_text("utf-8"))
    return {name: Weights(**row) for name, row in table.items()}


def evidence(
    matcher: Matcher, query: Query, rankings: Sequence[Ranking], bridges: Bridges, groups: Sequence[Group]
) -> list[Evidence]:
    """What tells whether each of ``groups`` has a counterpart of ``query``, from their rankings, none of them empty."""
    if not groups:
        return []
    g = matcher.generation
    bags = g.bags
    common = matcher.common(query, bridges, [group.jurisdiction for group in groups])
    counts = np.array([len(ranking.rows) for ranking in rankings])
    rows = np.concatenate([ranking.rows for ranking in rankings])
    core = bags.cosines(common, rows, np.repeat(np.arange(len(groups)), counts))
    likest = np.maximum.reduceat(core, np.cumsum(counts) - counts)
    best = [int(ranking.rows[0]) for ranking in rankings]
    about = bags.covered(query.about, np.array(best))
    law = [bags.named(query.about, *g.text_of(row)) for row in best]
    nearness = [ranking.nearness for ranking in rankings]
    mutual = returned(matcher, query.row, best, groups) if query.row is not None else [None] * len(groups)
    return [Evidence(*values) for values in zip(likest.tolist(), about.tolist(), law, nearness, mutual, strict=True)]


def returned(matcher: Matcher, row: int, candidates: Sequence[int], groups: Sequence[Group]) -> list[float]:
    """The share of its attention that each of the units at ``candidates``, one of each of ``groups``, gives the unit at
    ``row`` among those of the same text, 0..1, by meaning and parts: little where another section of that text is what
    the candidate corresponds to. Of a long text the units nearest to that at ``row`` count."""
    g = matcher.generation
    rows = np.arange(*g.text_of(row))
    if len(rows) > NEAREST:
        near = g.whole.vectors[rows] @ g.whole.vectors[row]
        near[rows == row] = np.inf
        rows = rows[np.argsort(-near, kind="stable")[:NEAREST]]
    asked = np.array(candidates, np.int64)
    hubs = np.array([matcher.hubness(rows, group.language) for group in groups]).T
    meaning = 2 * (g.whole.vectors[rows] @ g.whole.vectors[asked].T) - hubs
    counts, widths = (g.offsets[of + 1] - g.offsets[of] for of in (rows, asked))
    lines, theirs = (g.parts[spans(g.offsets[of], n)] for of, n in ((rows, counts), (asked, widths)))
    parts = 2 * late(lines, counts, theirs, widths) - directions(widths) * hubs
    every, asking = np.array([len(rows)]), (widths > 0)[:, None]
    # A candidate without parts is compared by meaning alone.
    seen = WEIGHTS["meaning"] * standard(meaning.T, every) + WEIGHTS["parts"] * standard(parts.T * asking, every)
    shares = attention(standard(seen, every))
    found: list[float] = shares[:, rows == row].ravel().tolist()
    return found


def doubts(
    matcher: Matcher, query: Query, rankings: Sequence[Ranking], bridges: Bridges, groups: Sequence[Group]
) -> list[float]:
    """Estimated probability that each of ``groups`` has no counterpart of ``query``, 0..1; 1 where nothing was
    ranked."""
    there = [i for i, ranking in enumerate(rankings) if len(ranking.rows)]
    found = evidence(matcher, query, [rankings[i] for i in there], bridges, [groups[i] for i in there])
    told = dict(zip(there, found, strict=True))
    return [no_counterpart(query, told[i], group.jurisdiction) if i in told else 1.0 for i, group in enumerate(groups)]


def no_counterpart(query: Query, found: Evidence, jurisdiction: str) -> float:
    """Estimated probability that ``jurisdiction`` has no counterpart of ``query``, 0..1, by what was found."""
    asked = ("text" if found.mutual is None else "unit") if query.concepts.any() else "without"
    return weights()[asked].of(found, jurisdiction)


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores, best first, as shares of the best one's: 1 for the best, falling towards 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
